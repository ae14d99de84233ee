import { ChatError, isChatError } from '../outcome/chat-error.ts';
import { invalidOptions } from '../outcome/invalid-options.ts';
import type { BulkJournal, JournalEntry } from './types.ts';

/** What is used of `node:fs`. */
interface Files {
  openSync(path: string, flags: string): number;
  readSync(file: number, into: Uint8Array, from: number, length: number, at: number): number;
  writeSync(file: number, bytes: Uint8Array, from: number): number;
  ftruncateSync(file: number, length: number): void;
}

interface Place {
  at: number;
  length: number;
}

interface OpenJournal {
  files: Files;
  file: number;
  /** Where the lines of earlier runs are. A line that was read is not needed again. */
  places: Map<string, Place>;
}

/**
 * A journal in a file, one answer a line, only ever appended to. Half a line at its end, as a crash leaves it, is cut off,
 * and its item is done again; a whole one counts, also without its newline. It holds the answers in full; who may read it is yours to decide. For one run at a time.
 *
 * In Node, Bun and Deno. A run that cannot write it stops before it pays for what it cannot note.
 *
 * @example
 * for await (const { index, completion } of client.bulk(items, { params, journal: fileJournal('results.jsonl') })) { … }
 *
 * @throws ChatError `invalid_options`
 */
export function fileJournal(path: string): BulkJournal {
  if (typeof path !== 'string' || path === '' || path.includes('\u0000')) {
    throw invalidOptions('path', "fileJournal takes the path of a file, e.g. 'results.jsonl'");
  }
  let opened: OpenJournal | undefined;
  const open = (): OpenJournal => (opened ??= openJournal(path));
  return {
    get(key) {
      const { files, file, places } = open();
      const place = places.get(key);
      if (place === undefined) return undefined;
      places.delete(key);
      return readEntry(files, file, place);
    },
    add(key, { completion, report }) {
      const { files, file } = open();
      const line = `{"key":${JSON.stringify(key)},"completion":${JSON.stringify(completion)},"report":${JSON.stringify(report)}}\n`;
      const bytes = new TextEncoder().encode(line);
      // A disk that is almost full takes a part.
      told(() => {
        for (let at = 0; at < bytes.length;) at += files.writeSync(file, bytes, at);
      });
    },
  };
}

/** Passes on what a file could not do, as an error of this library. */
function told<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (isChatError(cause)) throw cause;
    const { code = 'failed' } = cause as { code?: string };
    const message = `The journal cannot be read or written: ${code}. Nothing more was asked for; start the run again when it can`;
    throw new ChatError('invalid_options', message, { param: 'journal', cause });
  }
}

function openJournal(path: string): OpenJournal {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => Files | undefined };
  };
  const files = process?.getBuiltinModule?.('node:fs');
  if (files === undefined) {
    const message =
      'fileJournal needs the files of Node: give a journal of your own, with get and add';
    throw invalidOptions('journal', message);
  }
  const file = told(() => files.openSync(path, 'a+'));
  const { places, endsAt, size, isEnded } = told(() => readPlaces(files, file));
  if (endsAt < size) told(() => files.ftruncateSync(file, endsAt));
  if (!isEnded) told(() => files.writeSync(file, new Uint8Array([newline]), 0));
  return { files, file, places };
}

const newline = 10;

/** Finds the lines. Only their keys are read, but for a last line without its end. */
function readPlaces(files: Files, file: number) {
  const places = new Map<string, Place>();
  const piece = new Uint8Array(1 << 16);
  let rest: Uint8Array = new Uint8Array(0);
  let [at, size] = [0, 0];
  for (;;) {
    const count = files.readSync(file, piece, 0, piece.length, size);
    if (count === 0) break;
    size += count;
    const bytes = joined(rest, piece.subarray(0, count));
    let from = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      places.set(keyOf(bytes.subarray(from, end)), { at: at + from, length: end - from });
      from = end + 1;
    }
    at += from;
    rest = bytes.slice(from);
  }
  // Nothing but the end of the line is missing, as editors and other tools leave it: it was paid for.
  if (isWhole(rest)) {
    places.set(keyOf(rest), { at, length: rest.length });
    return { places, endsAt: size, size, isEnded: false };
  }
  // Half a line of another file is not cut off. Zeros are what a power failure leaves of a line that was not written yet.
  const isZeros = at > 0 && rest.every((byte) => byte === 0);
  if (rest.length > 0 && !isZeros) checkBegin(rest);
  return { places, endsAt: at, size, isEnded: true };
}

/** Whether a line is JSON to its end. Half of one never is: its last brace is missing. */
function isWhole(line: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
    return true;
  } catch {
    return false;
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

const begin = '{"key":"';
function checkBegin(line: Uint8Array): void {
  const text = new TextDecoder().decode(line.subarray(0, begin.length));
  if (!begin.startsWith(text) || text === '') throw noJournal();
}

function keyOf(line: Uint8Array): string {
  checkBegin(line);
  // A key is short, an answer may be long.
  for (const length of [256, line.length]) {
    const text = new TextDecoder().decode(line.subarray(0, length));
    const key = /^\{"key":("(?:[^"\\]|\\.)*"),"completion":/.exec(text)?.[1];
    if (key !== undefined) return JSON.parse(key) as string;
  }
  throw noJournal();
}

function noJournal(): ChatError {
  return invalidOptions(
    'journal',
    'The file is no journal of bulk, and was left as it is: name another one',
  );
}

function readEntry(files: Files, file: number, { at, length }: Place): JournalEntry {
  const bytes = new Uint8Array(length);
  told(() => files.readSync(file, bytes, 0, length, at));
  try {
    const { completion, report } = JSON.parse(new TextDecoder().decode(bytes)) as JournalEntry;
    return { completion, report };
  } catch {
    throw noJournal();
  }
}
