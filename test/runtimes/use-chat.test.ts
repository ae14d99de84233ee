import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable, pipeline } from 'node:stream';
import { json } from 'node:stream/consumers';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { fileURLToPath } from 'node:url';
import type { ChatStream, ToolRun } from 'deepseek-v4-flash';
import { createClient, jsonSchemaTool } from 'deepseek-v4-flash';
import type { UIMessageLike } from 'deepseek-v4-flash/ai-sdk';
import { fromUIMessages, toUIMessageStreamResponse } from 'deepseek-v4-flash/ai-sdk';
import type { EmulatorReply, EmulatorServer } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { programAt } from '../kit/parts.ts';
import { listen } from '../kit/serve.ts';
import { browsers } from './browser.ts';
import { drivePage } from './devtools.ts';

// `useChat`, the newest, in Chromium: it reads what this library makes, from a server that has no `ai`.

const here = fileURLToPath(new URL('./', import.meta.url));
const path = programAt(browsers.Chromium.program, browsers.Chromium.debian);

// ---------------------------------------------------------------- the server

const hello = { reasoning_content: 'Hm. A coat.', content: 'Hello there, take a coat.' };
const slowly = faults.slow(15);

/** What the vendors answer to each question. */
const replies: Record<string, EmulatorReply[]> = {
  text: [{ ...slowly, answer: hello }],
  tools: [
    {
      reasoning_content: 'I have to look.',
      tool_calls: [
        { id: 'c1', name: 'weather', arguments: { city: 'Oslo' } },
        { id: 'c2', name: 'weather', arguments: { city: 'Atlantis' } },
      ],
    },
    { content: 'It is clear.', reasoning_content: '' },
  ],
  reset: [
    {
      ...faults.compose(faults.cutAfterEvents(9), slowly),
      answer: { reasoning_content: 'Wrong way.', content: 'Half of it, and then no more.' },
    },
    { ...slowly, answer: { reasoning_content: 'Right way.', content: 'All of it, at last.' } },
  ],
  cut: [
    {
      ...faults.compose(faults.cutAfterEvents(7), slowly),
      answer: { reasoning_content: '', content: 'Half of it, and then no more.' },
    },
  ],
  refused: [{ error: 'insufficient_balance' }],
  stopped: [
    {
      ...faults.cutBefore('before finish', 'hang'),
      answer: { reasoning_content: '', content: 'Some of it' },
    },
  ],
};

const weather = jsonSchemaTool({
  name: 'weather',
  jsonSchema: { type: 'object', properties: { city: { type: 'string' } } },
  execute(given) {
    const { city } = given as { city: string };
    if (city === 'Atlantis') throw new Error('private: it is under water');
    return { sky: `clear in ${city}` };
  },
});

function answer(emulator: EmulatorServer, given: readonly UIMessageLike[]): ChatStream | ToolRun {
  const { messages } = fromUIMessages(given);
  const question = given.at(-1)?.parts[0]?.text ?? '';
  emulator.reply(...(replies[question] ?? []));
  const vendors =
    question === 'reset' ? (['deepseek', 'shortapi'] as const) : (['deepseek'] as const);
  const client = createClient({
    providers: vendors.map((provider) => ({
      provider,
      baseURL: emulator.baseURL(provider),
      apiKey: 'any-key',
    })),
    onInterrupted: 'restart',
    onUnsupported: 'adjust',
    maxRetries: 0,
  });
  const { completions } = client.chat;
  return question === 'tools'
    ? completions.runTools({ messages, tools: [weather] })
    : completions.stream({ messages });
}

// ---------------------------------------------------------------- the page

interface Shown {
  text: string[];
  reasoning: string[];
  tools: string[];
}

interface Answer extends Shown {
  seen: Shown[];
  status: string;
  error?: string;
  metadata?: {
    flash: { provider: string; completion: string; steps?: number; cost?: { usd: string } };
  };
}

async function bundle(): Promise<string> {
  const { build } = createRequire(join(here, 'package.json'))('esbuild') as {
    build(options: object): Promise<{ outputFiles: { text: string }[] }>;
  };
  const { outputFiles } = await build({
    entryPoints: [join(here, 'use-chat.mjs')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"development"' },
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

describe.skipIf(path === undefined)('useChat in Chromium', () => {
  let emulator: EmulatorServer;
  let told: { answers: Record<string, Answer>; errors: string[] };
  const close: (() => unknown)[] = [];
  const ends: Record<string, Promise<string>> = {};
  beforeAll(async () => {
    emulator = await startEmulator({ unscripted: 'error' });
    const script = await bundle();
    const page =
      '<!doctype html><link rel="icon" href="data:,"><body><script type="module" src="/page.js"></script>';
    const site = await listen(async (request, response) => {
      if (request.url === '/')
        return void response.setHeader('content-type', 'text/html').end(page);
      if (request.url === '/page.js') {
        return void response.setHeader('content-type', 'text/javascript').end(script);
      }
      const { id, messages } = (await json(request)) as { id: string; messages: UIMessageLike[] };
      const source = answer(emulator, messages);
      const { status, headers, body } = toUIMessageStreamResponse(source, { keepAliveMs: 100 });
      // As a server does that stores the answer.
      const end = 'final' in source ? source.final() : source.finalCompletion();
      ends[id] = Promise.resolve(end).then(
        () => 'whole',
        ({ code }: { code: string }) => code,
      );
      response.writeHead(status, Object.fromEntries(headers)).flushHeaders();
      pipeline(Readable.fromWeb(body as WebStream), response, () => {});
    });
    const browser = await drivePage(path ?? '', `${site.url}/`);
    close.push(
      () => browser.close(),
      () => site.close(),
      () => emulator.close(),
    );
    await vi.waitUntil(() => browser.evaluate('globalThis.told !== undefined'), 30_000);
    told = (await browser.evaluate('globalThis.told')) as typeof told;
  }, 120_000);
  afterAll(async () => {
    for (const each of close) await each();
  });
  const answerTo = (question: string): Answer => told.answers[question] as Answer;

  test('shows text and reasoning as they grow, and has the report as metadata', () => {
    const { seen, ...end } = answerTo('text');
    expect(end).toMatchObject({
      status: 'ready',
      text: [hello.content],
      reasoning: [hello.reasoning_content],
    });
    expect(new Set(seen.map(({ text }) => text.join(''))).size).toBeGreaterThan(3);
    expect(new Set(seen.map(({ reasoning }) => reasoning.join(''))).size).toBeGreaterThan(2);
    expect(end.metadata?.flash).toMatchObject({ provider: 'deepseek', completion: 'complete' });
    expect(Number(end.metadata?.flash.cost?.usd)).toBeGreaterThan(0);
  });

  test('shows the calls of a run with their results, and no words of a tool that failed', () => {
    const { seen, ...end } = answerTo('tools');
    expect(end).toMatchObject({
      status: 'ready',
      reasoning: ['I have to look.'],
      tools: [
        'tool-weather output-available {"city":"Oslo"} {"sky":"clear in Oslo"}',
        'tool-weather output-error {"city":"Atlantis"} The tool failed.',
      ],
      text: ['It is clear.'],
      metadata: { flash: { completion: 'complete', steps: 2 } },
    });
    expect(JSON.stringify(seen)).not.toContain('private');
  });

  test('takes back what it has shown when the answer begins anew at another vendor', () => {
    const { seen, ...end } = answerTo('reset');
    const shown = seen.map(({ text }) => text.join(''));
    expect(shown.some((text) => text.startsWith('Half'))).toBe(true);
    expect(end).toMatchObject({
      status: 'ready',
      text: ['All of it, at last.'],
      reasoning: ['Right way.'],
      metadata: { flash: { provider: 'shortapi', completion: 'complete' } },
    });
    // Never both.
    expect(shown.filter((text) => text.includes('Half') && text.includes('All'))).toEqual([]);
  });

  test('shows a cut as an error in a sentence for visitors, beside what there was', () => {
    const { seen: _seen, ...end } = answerTo('cut');
    expect(end).toMatchObject({
      status: 'error',
      error: 'The answer could not be finished. Please try again.',
    });
    expect(end.text.join('')).toMatch(/^Half/);
  });

  test('shows what the vendor has refused as an error, without its words', () => {
    const { seen: _seen, ...end } = answerTo('refused');
    expect(end).toMatchObject({
      status: 'error',
      error: 'The service cannot answer at the moment.',
    });
  });

  test('stops an answer, which ends the call at the vendor', async () => {
    expect(answerTo('stopped').status).toBe('ready');
    expect(answerTo('stopped').text.join('')).toMatch(/^Some/);
    expect(await ends.stopped).toBe('aborted');
    await expect.poll(() => emulator.connections.busy).toBe(0);
  });

  test('without an error that nobody caught, or a word on the console', () => {
    expect(told.errors).toEqual([]);
    emulator.assertNoPendingReplies();
  });
});
