import { cp, symlink, writeFile } from 'node:fs/promises';
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
beforeAll(async () => {
  ({ project, remove } = await installPacked());
  await cp(join(here, 'ai-sdk.mjs'), join(project, 'ai-sdk.mjs'));
}, 120_000);
afterAll(() => remove?.());

const call = (id: string) => ({
  reasoning_content: 'I have to look.',
  tool_calls: [{ id, name: 'weather', arguments: { city: 'Oslo' } }],
});
const hello = { content: 'Hello there, take a coat.', reasoning_content: 'Hm, a coat.' };

/** What the program asks for, in its order. */
function script(emulator: EmulatorServer, knowsResets: boolean): void {
  emulator.reply(hello, call('c1'), hello, { content: '{"city":"Oslo"}' }, call('c2'));
  emulator.reply({ error: 'overloaded' }, { error: 'overloaded' }, { error: 'bad_request' });
  emulator.reply(hello, call('c3'), hello, { content: '{"city":"Oslo"}' });
  emulator.reply(faults.compose(faults.cutAfterEvents(6)), { ...hello, finish_reason: 'abort' });
  emulator.reply({ ...call('c4'), finish_reason: 'length' });
  const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
  const choices = [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }];
  emulator.reply({ writes: [`data: ${JSON.stringify({ ...chunk, choices })}\n\n`, 'hang'] });
  emulator.reply(call('c5'), hello);
  emulator.reply(hello, hello, faults.compose(faults.cutAfterEvents(6)));
  const refund = { name: 'refund', arguments: { city: 'Oslo' } };
  emulator.reply({ tool_calls: [{ id: 'r1', ...refund }] }, { content: 'Paid.' });
  emulator.reply({ content: '', reasoning_content: 'On and on.', finish_reason: 'length' });
  if (knowsResets) emulator.reply(hello);
  emulator.reply(faults.cutAfterEvents(1), hello);
  emulator.reply({ ...faults.cutAfterEvents(4), answer: { ...hello, reasoning_content: '' } });
}

describe.each([
  ['ai6', '20', 'v3'],
  ['ai6', '24', 'v3'],
  ['ai7', '22', 'v3'],
  ['ai7', '22', 'v4'],
  ['ai7', '24', 'v4'],
])('%s on Node %s, with specification %s', (name, version, specification) => {
  const knowsResets = name === 'ai7';
  let told: Record<string, unknown> = {};
  let requests: EmulatorServer['requests'] = [];
  beforeAll(async () => {
    const emulator = await startEmulator({ strict: true, unscripted: 'error' });
    script(emulator, knowsResets);
    const baseURL = emulator.baseURL('deepseek');
    const asked = [baseURL, specification, String(knowsResets), emulator.baseURL('shortapi')];
    const args = ['ai-sdk.mjs', placeOf(name), ...asked];
    const { stdout, stderr } = await run(nodeAt(version), args, project);
    await emulator.close();
    if (stderr !== '') throw new Error(stderr);
    emulator.assertNoPendingReplies();
    requests = emulator.requests;
    told = JSON.parse(stdout) as Record<string, unknown>;
  }, 120_000);

  test('generateText has text, reasoning, counts, cost and what was left out', () => {
    expect(told.generate).toEqual({
      text: 'Hello there, take a coat.',
      reasoningText: 'Hm, a coat.',
      finishReason: 'stop',
      counts: true,
      reasoningTokens: 3,
      cacheRead: 0,
      vendor: 'deepseek',
      isPriced: true,
      attempts: 1,
      hasRequestId: true,
      hasResponse: true,
      warned: ['topK'],
    });
    expect(requests[0]?.headers['x-mine']).toBe('yes');
  });

  test('tools are run over steps, and the reasoning goes back with the call', () => {
    const ends = ['tool-calls', 'stop'];
    expect(told.tools).toEqual({ text: 'Hello there, take a coat.', ran: ['Oslo'], ends });
    const [, , answered] = requests;
    expect(answered?.body?.messages?.slice(1)).toEqual([
      expect.objectContaining({ role: 'assistant', reasoning_content: 'I have to look.' }),
      { role: 'tool', tool_call_id: 'c1', content: '{"sky":"clear in Oslo"}' },
    ]);
  });

  test('an object is asked for with its schema, whole and streamed', () => {
    expect(told.object).toEqual({ city: 'Oslo' });
    expect(told.streamedObject).toEqual({ last: { city: 'Oslo' }, whole: { city: 'Oslo' } });
    expect(requests[3]?.body?.response_format).toEqual({ type: 'json_object' });
    expect(JSON.stringify(requests[3]?.body?.messages)).toContain('must fit this JSON Schema');
  });

  test('a forced call is made, though the model would think', () => {
    expect(told.forced).toEqual([['weather', { city: 'Oslo' }]]);
    expect(requests[4]?.body?.thinking).toEqual({ type: 'disabled' });
  });

  test('what fails is sent as often as the client says, and never by ai again', () => {
    expect([told.overloaded, told.refused]).toEqual(['overloaded', 'bad_request']);
    // Two sends of the overloaded call, and one of everything else.
    expect(requests).toHaveLength(knowsResets ? 28 : 27);
  });

  test('streamText has the same, part by part', () => {
    expect(told.stream).toEqual({
      types: [
        'start',
        'start-step',
        'reasoning-start',
        'reasoning-delta',
        'reasoning-end',
        'text-start',
        'text-delta',
        'text-end',
        'finish-step',
        'finish',
      ],
      isRaw: true,
      text: 'Hello there, take a coat.',
      reasoning: 'Hm, a coat.',
      finishReason: 'stop',
      completion: 'complete',
    });
    const text = 'Hello there, take a coat.';
    expect(told.streamedTools).toEqual({ text, ran: ['Oslo'], isStreamed: true, steps: 2 });
  });

  test('a stream that is cut off, or ended by a word that is no good end, is never a stop', () => {
    const end =
      specification === 'v4'
        ? { finishReason: 'interrupted', errors: [], isTold: false, isAborted: false }
        : {
            finishReason: 'error',
            errors: ['stream_interrupted'],
            isTold: true,
            isAborted: false,
          };
    expect(told.cut).toEqual(end);
    expect(told.badWord).toEqual(end);
  });

  test('a stream that is to be restarted at another vendor gives no delta twice', () => {
    const finishReason = 'stop';
    expect(told.cutBeforeDelta).toEqual({ text: 'Hello there, take a coat.', finishReason });
    const cut = told.cutAfterDelta as { text: string; finishReason: string };
    expect(cut.text).toMatch(/^Hello/);
    expect(hello.content.startsWith(cut.text)).toBe(true);
    expect(cut.finishReason).toBe(specification === 'v4' ? 'interrupted' : 'error');
    // The deltas cannot be taken back, so the other vendor is not asked for an answer that nobody would get.
    expect(requests.at(-1)?.provider).toBe('deepseek');
  });

  test('no tool is run from an answer that was too long', () => {
    const end = { finishReason: 'length', errors: [], isTold: false, isAborted: false };
    expect([told.tooLong, told.ranWhenCut]).toEqual([end, []]);
  });

  test('an abort is an abort, before the answer and in it', () => {
    expect([told.abort, told.abortedBefore]).toEqual(['abort', 'AbortError']);
  });

  test('a call that is denied is not run, and the model hears why', () => {
    expect(told.denied).toEqual({ text: 'Hello there, take a coat.', ran: [] });
    const denied = requests.find(({ body }) => body?.messages?.at(-1)?.content === 'No coats');
    expect(denied?.body?.messages?.at(-1)?.tool_call_id).toBe('c5');
  });

  test('a page reads our stream, with what it cost', () => {
    expect([told.uiHeader, told.uiDone]).toEqual(['v1', true]);
    expect(told.page).toEqual({
      id: 'm2',
      shape: ['step-start', 'reasoning:done', 'text:done'],
      provider: 'deepseek',
      isPriced: true,
      completion: 'complete',
    });
  });

  test('a page is told of a cut in a sentence for visitors', () => {
    const errors = ['The answer could not be finished. Please try again.'];
    expect(told.pageCut).toEqual({ errors, completion: 'interrupted' });
  });

  test('a run waits for an approval on the page, and goes on with it', () => {
    const waiting = 'tool-refund:approval-requested';
    expect(told.approval).toEqual({ shape: ['step-start', 'reasoning:done', waiting], ran: [] });
    expect(told.approved).toEqual({
      shape: [
        'step-start',
        'reasoning:done',
        'tool-refund:output-available',
        'step-start',
        'reasoning:done',
        'text:done',
      ],
      ran: ['Oslo'],
      output: { done: 'Oslo' },
      steps: 1,
    });
  });

  test('an answer that begins anew takes back what the page has shown', () => {
    const begun = ['step-start', 'reasoning:done'];
    const errors = knowsResets ? [] : ['The answer could not be finished. Please try again.'];
    expect(told.reset).toEqual({ errors, shape: knowsResets ? [...begun, 'text:done'] : begun });
  });
});

test.each(['ai6', 'ai7'])('the types fit those of %s', async (name) => {
  const version = name === 'ai6' ? '' : ", { specification: 'v4' }";
  const [part, init] =
    name === 'ai6'
      ? ["Exclude<UIMessagePart, { type: 'reset-step' }>", "{ onReset: 'error' as const }"]
      : ['UIMessagePart', '{}'];
  const own = `import { createClient } from 'deepseek-v4-flash';
import { createFlash, flash, fromUIMessages, toUIMessageStream } from 'deepseek-v4-flash/ai-sdk';
import type { UIMessagePart } from 'deepseek-v4-flash/ai-sdk';
import { createProviderRegistry, createUIMessageStreamResponse, generateText, readUIMessageStream, streamText } from '${name}';
import type { LanguageModel, UIMessage, UIMessageChunk } from '${name}';

const model: LanguageModel = flash('deepseek-v4-flash');
const other: LanguageModel = createFlash({ provider: 'vtrix' }${version})();
const client = createClient({ provider: 'vtrix' });
const registry = createProviderRegistry({ flash: createFlash(client${version}) });
export const calls = [
  generateText({ model, prompt: '' }),
  streamText({ model: other, prompt: '' }),
  streamText({ model: registry.languageModel('flash:deepseek-v4-flash'), prompt: '' }),
];
declare const part: ${part};
export const chunk: UIMessageChunk = part;
declare const page: UIMessage[];
const chat = client.chat.completions.stream(fromUIMessages(page));
export const read = readUIMessageStream({ stream: toUIMessageStream(chat, ${init}) });
export const response = createUIMessageStreamResponse({ stream: toUIMessageStream(chat, ${init}) });
`;
  await writeFile(join(project, `${name}.ts`), own);
  await symlink(join(here, 'node_modules', name), join(project, 'node_modules', name), 'junction');
  const compiler = join(here, 'node_modules', 'typescript', 'bin', 'tsc');
  const settings = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022'];
  const libraries = ['--module', 'nodenext', '--lib', 'es2023,dom,dom.iterable'];
  const exact = ['--exactOptionalPropertyTypes'];
  const args = [compiler, ...settings, ...libraries, ...exact, `${name}.ts`];
  const { stdout } = await run(process.execPath, args, project);
  expect(stdout).toBe('');
});
