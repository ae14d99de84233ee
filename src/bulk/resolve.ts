import { resolveConcurrency, resolveMaxCost } from '../options/traffic-options.ts';
import { isChatError } from '../outcome/chat-error.ts';
import { invalidOptions, ownOptions } from '../outcome/invalid-options.ts';
import type { OutputSchema, ReadSchema } from '../values/output-schema.ts';
import { readSchema } from '../values/output-schema.ts';
import type { BulkItems, BulkOptions } from './types.ts';

const names = [
  'params',
  'schema',
  'concurrency',
  'maxCostUsd',
  'journal',
  'key',
  'onProgress',
  'total',
  'signal',
  'offPeak',
  'call',
] as const satisfies readonly (keyof BulkOptions<unknown, unknown>)[];

/** Options of a run, with every default filled in. */
export type ResolvedBulk = ReturnType<typeof resolveBulk>;

/** @throws ChatError `invalid_options` */
export function resolveBulk(
  items: BulkItems<unknown>,
  given: BulkOptions<unknown, unknown, OutputSchema>,
) {
  const options = ownOptions(given, names, 'Options of bulk');
  const { params, schema, key, onProgress, journal, total, offPeak, call } = options;
  needFunction('params', params, true);
  needFunction('key', key, false);
  needFunction('onProgress', onProgress, false);
  if (journal !== undefined && !isJournal(journal)) {
    const message =
      "Option journal must be fileJournal('results.jsonl'), or an object with get(key) and add(key, entry)";
    throw invalidOptions('journal', message);
  }
  if (offPeak !== undefined && typeof offPeak !== 'boolean') {
    throw invalidOptions('offPeak', 'Option offPeak must be true or false');
  }
  if (total !== undefined && !(Number.isSafeInteger(total) && total >= 0)) {
    throw invalidOptions('total', 'Option total must be a whole number from 0 on');
  }
  if (call != null && Object.hasOwn(call, 'signal')) {
    throw invalidOptions('call.signal', 'The signal of a run is its own option: signal');
  }
  if (schema === undefined && call != null && Object.hasOwn(call, 'maxRepairs')) {
    const message = 'Only answers with a schema are corrected: give one as the option schema';
    throw invalidOptions('call.maxRepairs', message);
  }
  return {
    params: params as BulkOptions<unknown, unknown>['params'],
    // Read once, however many items there are.
    schema: schema === undefined ? undefined : schemaOf(schema),
    concurrency: resolveConcurrency(options.concurrency) ?? 16,
    maxCostUsd: resolveMaxCost(options.maxCostUsd),
    journal,
    key,
    onProgress,
    total: total ?? (Array.isArray(items) ? items.length : undefined),
    signal: options.signal,
    offPeak: offPeak === true,
    call,
  };
}

function schemaOf(schema: OutputSchema): ReadSchema {
  try {
    return readSchema(schema, 'schema');
  } catch (error) {
    if (!isChatError(error)) throw error;
    const [issue] = error.issues ?? [];
    throw invalidOptions('schema', `Option schema ${issue?.message}`);
  }
}

/** One after the other, whatever they are. @throws ChatError `invalid_options` */
export function iteratorOf<Item>(items: BulkItems<Item>): Iterator<Item> | AsyncIterator<Item> {
  const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = (items ?? {}) as Partial<
    AsyncIterable<Item> & Iterable<Item>
  >;
  if (typeof items === 'object' && typeof later === 'function') return later.call(items);
  if (typeof items === 'object' && typeof now === 'function') return now.call(items);
  throw invalidOptions('items', 'bulk takes a list of items, or an iterable or async iterable');
}

function needFunction(param: string, value: unknown, isRequired: boolean): void {
  if (typeof value === 'function' || (value === undefined && !isRequired)) return;
  const example = param === 'params' ? ', e.g. (item) => ({ messages: … })' : '';
  throw invalidOptions(param, `Option ${param} must be a function${example}`);
}

function isJournal(journal: object | null): boolean {
  const { get, add } = (journal ?? {}) as { get?: unknown; add?: unknown };
  return typeof get === 'function' && typeof add === 'function';
}
