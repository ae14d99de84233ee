/** Longest wait that a vendor may ask of us; a longer one fails at once, and the error says how long. */
export const maxDelayMs = 60_000;

/** Further away than this, a date or a number of seconds is a mistake. */
const nonsenseMs = 366 * 24 * 3_600_000;

/**
 * How long the vendor asks us to wait, in milliseconds: `retry-after-ms`, `Retry-After` in seconds or as a date, then
 * the vendor's own header with Unix seconds. `undefined` if it says nothing that can be used.
 */
export function serverDelayMs(
  headers: Readonly<Record<string, string>>,
  nowMs: number,
  resetHeader?: string,
): number | undefined {
  const retryAfter = headers['retry-after'];
  const candidates = [
    decimal(headers['retry-after-ms']),
    times1000(decimal(retryAfter)),
    until(date(retryAfter), nowMs),
    resetHeader === undefined ? undefined : until(times1000(decimal(headers[resetHeader])), nowMs),
  ];
  return candidates.find((delayMs) => delayMs !== undefined && delayMs <= nonsenseMs);
}

/**
 * Our own wait before the next attempt: full jitter over an exponential step, so that clients that failed together do
 * not come back together. `failures` counts from 1.
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  return random() * Math.min(8_000, 500 * 2 ** (failures - 1));
}

function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

// `Date.parse` takes nearly anything; an HTTP date begins with a weekday.
function date(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*(mon|tue|wed|thu|fri|sat|sun)/i.test(text)) return undefined;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? undefined : parsed;
}

function times1000(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

function until(atMs: number | undefined, nowMs: number): number | undefined {
  return atMs === undefined ? undefined : Math.max(0, atMs - nowMs);
}
