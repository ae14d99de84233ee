import type { Adjustment } from '../outcome/report.ts';

// A character beyond the first 65,536, an emoji for one, is a pair in JavaScript, and a text that was cut may hold half of
// one. No UTF-8 can say it, and vendors refuse the request: "lone leading surrogate in hex escape". In a conversation
// that is kept, every later request would be refused too.

const half = /\p{Surrogate}/gu;
const replacement = '\uFFFD';

/** Whether a JSON text may hold half a pair: it is written as an escape, and hardly anything else is. */
export function mayHoldHalves(json: string | undefined): boolean {
  return json?.includes('\\ud') ?? false;
}

/**
 * The same value with U+FFFD in the place of each half, as `toWellFormed()` does it. What holds none is not copied.
 *
 * @param callerPath the path in the caller's own words
 */
export function withoutHalves<T>(
  value: T,
  path: string,
  callerPath: (path: string) => string = (same) => same,
): { value: T; adjustments: Adjustment[] } {
  const adjustments: Adjustment[] = [];
  const mend = (text: string, at: string): string => {
    const whole = text.replace(half, replacement);
    if (whole === text) return text;
    adjustments.push({
      param: callerPath(at),
      action: 'mapped',
      lossy: false,
      from: 'half of a surrogate pair',
      to: 'U+FFFD',
      reason: 'half of a character cannot be sent; the text was cut in the middle of one',
    });
    return whole;
  };
  const walk = (each: unknown, at: string): unknown => {
    if (typeof each === 'string') return mend(each, at);
    if (typeof each !== 'object' || each === null) return each;
    let isChanged = false;
    const entries = Object.entries(each).map(([key, item]): [string, unknown] => {
      const name = mend(key, at);
      const whole = walk(item, at === '' ? key : `${at}.${key}`);
      isChanged ||= name !== key || whole !== item;
      return [name, whole];
    });
    if (!isChanged) return each;
    return Array.isArray(each) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
  };
  return { value: walk(value, path) as T, adjustments };
}
