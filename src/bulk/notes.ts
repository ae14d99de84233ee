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
        'The function get of the journal must give what add was given for the key, or undefined for nothing';
      throw invalidOptions('journal', message);
    },
    add: (key, entry) => journal.add(key, entry),
  };
}

/** What was stored is trusted, but not that it was stored as an object: a store of texts gives texts. */
function isEntry(entry: unknown): entry is JournalEntry {
  if (typeof entry !== 'object' || entry === null) return false;
  const { completion, report } = entry as Partial<JournalEntry>;
  return isObject(report) && Array.isArray(completion?.choices);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
