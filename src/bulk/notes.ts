import { invalidOptions } from '../outcome/invalid-options.ts';
import type { ResolvedBulk } from './resolve.ts';
import type { BulkJournal, JournalEntry } from './types.ts';

/** The journal of a run, and what an item is called there. Both are the user's own, and held to what they promise. */
export interface Notes {
  /** @throws ChatError `invalid_options` for what is no key, or is that of another item */
  keyOf(item: unknown, index: number): string;
  /** @throws ChatError `invalid_options` for what is no entry */
  find(key: string): Promise<JournalEntry | undefined>;
  add: BulkJournal['add'];
}

export function createNotes({ journal, key: given }: ResolvedBulk): Notes | undefined {
  if (journal === undefined) return undefined;
  const seen = new Set<string>();
  return {
    keyOf(item, index) {
      if (given === undefined) return `${index}`;
      const key: unknown = given(item, index);
      if (typeof key !== 'string') {
        const message = `The function given as key must return a string, e.g. (item) => String(item.id); for item ${index} it did not`;
        throw invalidOptions('key', message);
      }
      if (seen.has(key)) {
        const message = `Item ${index} has the same key as an item before it, so the journal cannot tell their answers apart: a key must be unique in a run`;
        throw invalidOptions('key', message);
      }
      seen.add(key);
      return key;
    },
    async find(key) {
      // Stores answer null for nothing.
      const entry: unknown = (await journal.get(key)) ?? undefined;
      if (entry === undefined || isEntry(entry)) return entry;
      const message =
        'An entry of the journal is damaged or incomplete: get must give what add was given for the key, or undefined for nothing. Take the entry out, and its item is asked for again';
      throw invalidOptions('journal', message);
    },
    add: (key, entry) => journal.add(key, entry),
  };
}

/**
 * Whether that is what a run can go on with. A store of texts gives texts, and files are edited and damaged: what is read
 * of an entry, here and by its user, has to be there.
 */
function isEntry(entry: unknown): entry is JournalEntry {
  if (!isObject(entry) || !isObject(entry.completion) || !isObject(entry.report)) return false;
  const { choices } = entry.completion;
  return Array.isArray(choices) && choices.length > 0 && choices.every(isChoice)
    ? isReport(entry.report)
    : false;
}

function isChoice(choice: unknown): boolean {
  if (!isObject(choice) || !isObject(choice.message)) return false;
  const { content, reasoning_content } = choice.message;
  return [content, reasoning_content].every((text) => text == null || typeof text === 'string');
}

function isReport({ attempts, adjustments, issues, timings, usage, cost }: Fields): boolean {
  const areLists = [attempts, adjustments, issues].every(
    (list) => Array.isArray(list) && list.every(isObject),
  );
  return areLists && isObject(timings) && isUsage(usage) && isCost(cost);
}

function isUsage(usage: unknown): boolean {
  if (usage === undefined) return true;
  if (!isObject(usage)) return false;
  const { prompt_tokens, completion_tokens, total_tokens } = usage;
  return [prompt_tokens, completion_tokens, total_tokens].every(isCountOrNone);
}

function isCountOrNone(count: unknown): boolean {
  return count === undefined || (Number.isSafeInteger(count) && Number(count) >= 0);
}

function isCost(cost: unknown): boolean {
  if (cost === undefined) return true;
  if (!isObject(cost)) return false;
  const { usd, unpriced } = cost;
  return typeof usd === 'string' && /^\d+(\.\d+)?$/.test(usd) && isCountOrNone(unpriced);
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
