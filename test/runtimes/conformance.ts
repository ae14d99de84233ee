import type { Emulator } from 'deepseek-v4-flash/testing';
import { faults } from 'deepseek-v4-flash/testing';

// The other side of conformance.mjs.

/** What the program tells. */
export const expected = {
  whole: 'Hello',
  streamed: 'Hello again',
  called: ['look {"q":1}'],
  aborted: 'aborted',
  cut: 'stream_interrupted partial',
  refused: 'rate_limit 429',
};

/** What the vendor does, call by call. */
export function script(emulator: Emulator): void {
  emulator.reply(
    { content: 'Hello' },
    { content: 'Hello again' },
    { tool_calls: [{ name: 'look', arguments: '{"q":1}' }] },
    faults.noAnswer('hang'),
    faults.cutAfterEvents(6),
    { error: 'rate_limit' },
  );
}
