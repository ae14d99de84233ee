import type { Report } from '../outcome/report.ts';
import type { NoteIssue } from '../schema/issue.ts';

// Vendors keep what a prompt begins with, and sell it for a fraction. Whoever changes the beginning of a conversation pays
// for all of it again, and sees nothing of that in the answer.

/** A prompt that is shorter may not have been kept at all. */
const fewestTokens = 1_024;

/** Looks at what is asked of a vendor, call after call. */
export type WatchCache = (
  report: Report,
  body: Readonly<Record<string, unknown>>,
  note: NoteIssue,
) => void;

/** Notes why nothing of a prompt came from the cache, where a changed beginning is the reason. */
export function createCacheWatch(): WatchCache {
  /** What the last request to each vendor and model was made of: numbers, and no text. */
  const last = new Map<string, readonly number[]>();
  return ({ provider, model, cache }, body, note) => {
    if (cache === undefined || cache.hitTokens + cache.missTokens < fewestTokens) return;
    const key = `${provider} ${model}`;
    const before = last.get(key);
    const now = fingerprints(body);
    last.set(key, now);
    const isLost = cache.hitTokens === 0 && before !== undefined;
    const changed = isLost ? changedPlace(before, now) : undefined;
    if (changed === undefined) return;
    const path = changed === 0 ? 'tools' : `messages.${changed - 1}`;
    const message =
      'this differs from the request before, so nothing of the conversation came from the cache; keep its beginning as it is';
    note({ code: 'cache_lost', path, message });
  };
}

/** Where a conversation is another one than before, though it goes on with the same messages; `undefined` where it is not. */
function changedPlace(before: readonly number[], now: readonly number[]): number | undefined {
  const first = before.findIndex((each, index) => each !== now[index]);
  if (first < 0) return undefined;
  const goesOn = before.some((each, index) => index > first && each === now[index]);
  return goesOn ? first : undefined;
}

/** One number for the tools, and one for each message. */
function fingerprints({ tools, messages }: Readonly<Record<string, unknown>>): number[] {
  const all = [tools ?? null, ...(Array.isArray(messages) ? (messages as unknown[]) : [])];
  return all.map((each) => fingerprint(JSON.stringify(each)));
}

/** FNV-1a, 32 bits: two texts that share one by chance lose a note. */
function fingerprint(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}
