import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPacked, run } from './packed.ts';

// The packed package under the real AI SDK, the newest 6 and the newest 7, against the emulator on this machine.

const here = fileURLToPath(new URL('./', import.meta.url));
const nodeAt = (version: string): string =>
  join(here, 'node_modules', `node${version}`, 'bin', 'node');
const placeOf = (name: string): string =>
  pathToFileURL(join(here, 'node_modules', name, 'dist', 'index.js')).href;

let project = '';
let remove: (() => Promise<void>) | undefined;
let emulator: EmulatorServer;
beforeAll(async () => {
  emulator = await startEmulator();
  ({ project, remove } = await installPacked());
  await cp(join(here, 'ai-sdk.mjs'), join(project, 'ai-sdk.mjs'));
}, 120_000);
afterAll(async () => {
  await emulator.close();
  await remove?.();
});

const call = (id: string) => ({
  reasoning: 'I have to look.',
  tool_calls: [{ id, name: 'weather', arguments: { city: 'Oslo' } }],
});
const hello = { content: 'Hello there, take a coat.', reasoning: 'Hm, a coat.' };

/** What the program asks for, in its order. */
function script(): void {
  emulator.reply(hello, call('c1'), hello, { content: '{"city":"Oslo"}' }, call('c2'));
  emulator.reply({ error: 'overloaded' }, { error: 'overloaded' }, { error: 'bad_request' });
  emulator.reply(hello, call('c3'), hello, { content: '{"city":"Oslo"}' });
  emulator.reply(faults.compose(faults.cutAfterEvents(6)), { ...hello, finish_reason: 'abort' });
  emulator.reply({ ...call('c4'), finish_reason: 'length' });
  emulator.reply({ content: 'word '.repeat(2_000) });
  emulator.reply(call('c5'), hello);
  emulator.reply(hello, hello, faults.compose(faults.cutAfterEvents(6)));
  const refund = { name: 'refund', arguments: { city: 'Oslo' } };
  emulator.reply({ tool_calls: [{ id: 'r1', ...refund }] }, { content: 'Paid.' });
  emulator.reply({ content: '', reasoning: 'On and on.', finish_reason: 'length' }, hello);
}

describe.each([
  ['ai6', '20', 'v3'],
  ['ai6', '24', 'v3'],
  ['ai7', '22', 'v3'],
  ['ai7', '22', 'v4'],
  ['ai7', '24', 'v4'],
])('%s on Node %s, with specification %s', (name, version, specification) => {
  test('does all that it does with a provider', async () => {
    script();
    const before = emulator.requests.length;
    const args = ['ai-sdk.mjs', placeOf(name), emulator.baseURL('deepseek'), specification];
    const { stdout, stderr } = await run(nodeAt(version), args, project);
    expect(stderr).toBe('');
    const told = JSON.parse(stdout) as Record<string, unknown>;
    console.log(JSON.stringify(told, null, 1), emulator.requests.length - before);
    emulator.assertNoPendingReplies();
  });
});
