import type { BreakerRecord, Clock, SharedState } from '../../index.ts';
import type { Reach } from './reach.ts';
import { recordScript } from './scripts.ts';

/** So long a record that was heard of is believed: every place that is taken tells it anew. */
const freshMs = 1_000;
const keptMs = 3_600_000;
/** More attempts than there are processes that fail at the same moment. */
const maxAttempts = 100;

interface Heard {
  text: string;
  atMs: number;
}

/** Records in Redis, compared and set. While it is away, those that this process heard of last. */
export function createBreakers(
  reach: Reach,
  clock: Clock,
  keyOf: (key: string) => string,
): Pick<SharedState, 'readBreaker' | 'updateBreaker'> & { hear(key: string, text: string): void } {
  const heard = new Map<string, Heard>();
  const hear = (key: string, text: string): void =>
    void heard.set(key, { text, atMs: clock.now() });
  const known = (key: string): string | undefined => {
    const latest = heard.get(key);
    return latest !== undefined && clock.now() - latest.atMs < freshMs ? latest.text : undefined;
  };
  const send = async (key: string, ...args: [string, string, string]): Promise<unknown[]> => {
    const reply = await reach.ask(recordScript, [keyOf(key)], args);
    hear(key, String(reply[1]));
    return reply;
  };
  const read = async (key: string): Promise<string> => String((await send(key, '?', '', ''))[1]);

  return {
    hear,
    readBreaker(key) {
      const text = known(key);
      if (text !== undefined) return parse(text);
      return read(key).then(parse, () => parse(heard.get(key)?.text ?? ''));
    },
    async updateBreaker(key, change) {
      try {
        for (let attempt = 1; attempt <= maxAttempts; attempt++) {
          const before = known(key) ?? (await read(key));
          const after = change(parse(before));
          const text = after === undefined ? '' : JSON.stringify(after);
          if (text === before) return after;
          const leftMs = Math.max(0, (after?.openUntilMs ?? 0) - clock.now());
          const [isSet] = await send(key, before, text, `${Math.ceil(leftMs) + keptMs}`);
          if (isSet === 1) return after;
        }
      } catch (error) {
        if (!reach.isAway) throw error;
      }
      const after = change(parse(heard.get(key)?.text ?? ''));
      hear(key, after === undefined ? '' : JSON.stringify(after));
      return after;
    },
  };
}

const fields = ['failures', 'openings', 'openedAtMs', 'openUntilMs', 'probeUntilMs'] as const;

/** What is no record, since somebody else wrote it, is none. */
function parse(text: string): BreakerRecord | undefined {
  if (text === '') return undefined;
  try {
    const record = JSON.parse(text) as BreakerRecord;
    return fields.every((field) => Number.isFinite(record[field])) ? record : undefined;
  } catch {
    return undefined;
  }
}
