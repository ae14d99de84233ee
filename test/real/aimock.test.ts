import { LLMock } from '@copilotkit/aimock';
import type {
  ChatCompletion,
  ChatCompletionWithReport,
  ClientOptions,
  ProviderId,
  Transport,
} from 'deepseek-v4-flash';
import {
  createClient,
  fetchTransport,
  isChatError,
  providers,
  tool,
  undiciTransport,
} from 'deepseek-v4-flash';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { user } from '../kit/emulated.ts';
import { errorOf } from '../kit/failures.ts';

// aimock (https://aimock.copilotkit.dev), a mock of OpenAI's API by other people: nobody here has chosen what it answers,
// and how it breaks off.

const vendors = Object.keys(providers) as ProviderId[];
const mock = new LLMock({ port: 0 });

beforeAll(async () => {
  await mock.start();
});
beforeEach(() => {
  mock.reset();
  // Waits between attempts are jitter times half a second, and more.
  vi.spyOn(Math, 'random').mockReturnValue(0.02);
});
afterAll(() => mock.stop());

function clientOf(provider: ProviderId, path = '', options: ClientOptions = {}) {
  return createClient({
    provider,
    baseURL: mock.url + path,
    apiKey: 'sk-aimock',
    maxRetries: 0,
    onUnsupported: 'adjust',
    ...options,
  });
}

type Client = ReturnType<typeof clientOf>;
type Ask = (client: Client) => Promise<ChatCompletionWithReport>;
type Answer = Parameters<LLMock['on']>[1];

const params = { messages: [user('Hello')] };
const askWhole: Ask = ({ chat }) => chat.completions.create(params);
const askStreamed: Ask = ({ chat }) => chat.completions.stream(params).finalCompletion();

// ---------------------------------------------------------------- answers

const weather = { name: 'weather', arguments: '{"city":"Oslo","days":[1,2]}', id: 'call_1' };
const time = { name: 'time', arguments: '{}', id: 'call_2' };
const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
const long = 'Grüße, 漢字 and 👩‍👩‍👧 😀\r\n'.repeat(500);

const callOf = ({ id, ...called }: typeof weather) => ({ id, type: 'function', function: called });

const answers: [what: string, answer: Answer, told: Record<string, unknown>][] = [
  ['a text', { content: 'Hello.', usage }, { content: 'Hello.', finish_reason: 'stop', usage }],
  ['a long text of all kinds of characters', { content: long }, { content: long }],
  [
    'a text after thinking',
    { content: 'Yes.', reasoning: 'Is it? It may well be.' },
    { content: 'Yes.', reasoning_content: 'Is it? It may well be.' },
  ],
  [
    'a text that reached its limit',
    { content: 'Once upon', finishReason: 'length' },
    { content: 'Once upon', finish_reason: 'length' },
  ],
  [
    'two calls after thinking',
    { toolCalls: [weather, time], reasoning: 'I have to look.' },
    { content: null, tool_calls: [callOf(weather), callOf(time)], finish_reason: 'tool_calls' },
  ],
  [
    'a text and a call',
    { content: 'One moment.', toolCalls: [weather] },
    { content: 'One moment.', tool_calls: [callOf(weather)] },
  ],
  [
    'a call before its text',
    {
      blocks: [
        { type: 'toolCall', ...time },
        { type: 'text', text: 'So.' },
      ],
    },
    { content: 'So.', tool_calls: [callOf(time)] },
  ],
];

function toldBy({ choices: [{ message, finish_reason }], usage: counts }: ChatCompletion) {
  const { content, reasoning_content, tool_calls } = message;
  return { content, reasoning_content, tool_calls, finish_reason, usage: counts };
}

/** The vendor that is somewhere else, and any server that speaks like OpenAI's. */
const places = vendors.flatMap((vendor): [ProviderId, string][] => [
  [vendor, ''],
  [vendor, '/v1'],
]);

describe.each(places)('%s at the base URL “%s”', (vendor, path) => {
  test.each(answers)(
    'a whole answer is what the server said, and a streamed one is the same: %s',
    async (_, answer, told) => {
      mock.on({}, answer);
      const client = clientOf(vendor, path);

      const whole = toldBy(await askWhole(client));
      const streamed = toldBy(await askStreamed(client));
      const last = mock.getLastRequest();
      // Vtrix counts in any case, so its server is not asked to.
      const isAsked = JSON.stringify(last?.body).includes('include_usage');

      expect(whole).toMatchObject(told);
      expect(streamed).toEqual({ ...whole, usage: isAsked ? whole.usage : undefined });
      expect(last?.path).toMatch(path === '' ? /chat\/completions$/ : /^\/v1\/chat\/completions$/);
    },
  );

  test('a tool is run, and its result is told', async () => {
    mock.on({ hasToolResult: false }, { toolCalls: [weather], reasoning: 'I have to look.' });
    mock.on({ hasToolResult: true, toolCallId: 'call_1' }, { content: 'Take a coat.' });
    const asked: unknown[] = [];
    const looked = tool({
      name: 'weather',
      parameters: z.object({ city: z.string(), days: z.array(z.number()) }),
      execute: (place) => {
        asked.push(place);
        return { celsius: 3 };
      },
    });

    const run = clientOf(vendor, path).chat.completions.runTools({ ...params, tools: [looked] });
    const { completion, steps } = await run.final();

    expect(asked).toEqual([{ city: 'Oslo', days: [1, 2] }]);
    expect(completion.choices[0].message.content).toBe('Take a coat.');
    expect(steps).toHaveLength(2);
  });

  test('a value is read from JSON, and checked', async () => {
    const response_format = z.object({ city: z.string(), celsius: z.number().default(20) });
    mock.on({}, { content: '{"city":"Rome"}' });
    const { completions } = clientOf(vendor, path).chat;

    const { choices } = await completions.parse({ ...params, response_format });

    expect(choices[0].message.parsed).toEqual({ city: 'Rome', celsius: 20 });
  });
});

test.each(['deepseek', 'aimlapi', 'bytespike'] as const)(
  '%s: the models of any server that speaks like OpenAI’s are listed',
  async (vendor) => {
    const { data } = await clientOf(vendor, '/v1').models.list();

    expect(data.map(({ id }) => id)).toContain('gpt-4o');
  },
);

// ---------------------------------------------------------------- faults

const transports: [name: string, make: () => Transport][] = [
  ['undici', () => undiciTransport()],
  ['fetch', () => fetchTransport()],
];
const ways: [way: string, ask: Ask][] = [
  ['whole', askWhole],
  ['streamed', askStreamed],
];
const faulty = vendors.flatMap((vendor) =>
  transports.flatMap(([transport, make]) =>
    ways.map(([way, ask]) => ({
      vendor,
      transport,
      way,
      ask: (options: ClientOptions = {}) =>
        ask(clientOf(vendor, '', { transport: make(), ...options })),
    })),
  ),
);

describe.each(faulty)('$vendor over $transport, $way', ({ ask }) => {
  const content = 'Hello, how are you?';

  // A process has so many retries for each origin, and these are more: a port of its own for each.
  beforeAll(async () => {
    await mock.stop();
    await mock.start();
  });

  test.each([
    [429, 'rate_limit'],
    [500, 'server_error'],
    [503, 'overloaded'],
  ])('after a %d the call is made again', async (status, code) => {
    mock.on({ sequenceIndex: 0 }, { error: { message: 'Not now' }, status, retryAfter: 0 });
    mock.on({}, { content });

    const completion = await ask({ maxRetries: 2 });

    expect(completion.choices[0].message.content).toBe(content);
    expect(mock.getRequests()).toHaveLength(2);
    expect(completion.report.attempts).toMatchObject([{ status, error: code }, { status: 200 }]);
  });

  test('a server that is down is an error', async () => {
    mock.on({}, { content }, { chaos: { dropRate: 1 } });

    const error = await errorOf(ask());

    expect(error).toMatchObject({ code: 'server_error', status: 500 });
  });

  test('a rate limit says how long it lasts', async () => {
    mock.on({}, { content }, { chaos: { rateLimitRate: 1 } });

    const error = await errorOf(ask());

    expect(error).toMatchObject({ code: 'rate_limit', status: 429, retryAfterMs: 1_000 });
  });

  test('what is malformed is no answer', async () => {
    mock.on({}, { content }, { chaos: { malformedRate: 1 } });

    const error = await errorOf(ask());

    expect(['invalid_response', 'stream_interrupted']).toContain(error.code);
  });

  test('a connection that is closed before the answer is lost', async () => {
    mock.on({}, { content }, { chaos: { disconnectRate: 1 } });

    expect((await errorOf(ask())).code).toBe('connection');
  });

  test('an answer that comes late is waited for, as long as was said', async () => {
    mock.on({ sequenceIndex: 0 }, { content }, { chaos: { latencyMs: 200 } });
    mock.on({}, { content }, { chaos: { latencyMs: 30_000 } });

    expect((await ask()).choices[0].message.content).toBe(content);
    expect(await errorOf(ask({ timeout: { headers: 50 } }))).toMatchObject({
      code: 'timeout',
      phase: 'headers',
    });
  });
});

test('a server that stays down is given up after the last attempt', async () => {
  mock.on({}, { content: 'Hello.' }, { chaos: { dropRate: 1 } });

  const error = await errorOf(askWhole(clientOf('deepseek', '', { maxRetries: 2 })));

  expect(error.report?.attempts).toHaveLength(3);
  expect(mock.getRequests()).toHaveLength(3);
});

// ---------------------------------------------------------------- cuts

/** aimock leaves a listener behind for each chunk that it is slow with, and Node warns of the eleventh. */
const cut: [what: string, answer: Answer, chunkSize: number, chunks: number][] = [
  ['a text after thinking', { content: 'Hello, how are you?', reasoning: 'A greeting.' }, 5, 9],
  ['two calls', { toolCalls: [weather, time] }, 10, 8],
];
const faultyStreams = faulty.filter(({ way }) => way === 'streamed');

/** What a cut stream may have left: beginnings of texts, and whole calls. */
function expectBeginning(partial: ChatCompletion | undefined, whole: ChatCompletion): void {
  if (partial === undefined) return;
  const [some, all] = [toldBy(partial), toldBy(whole)];
  expect(some.finish_reason).toBeNull();
  for (const field of ['content', 'reasoning_content'] as const) {
    expect((all[field] ?? '').startsWith(some[field] ?? '')).toBe(true);
  }
  for (const call of some.tool_calls ?? []) expect(all.tool_calls).toContainEqual(call);
}

describe.each(faultyStreams)('$vendor over $transport', ({ ask }) => {
  test.each(cut)(
    'a stream that is cut after any of its chunks is no answer: %s',
    async (_, answer, chunkSize, chunks) => {
      const options = { chunkSize, latency: 1 };
      mock.on({}, answer, options);
      const whole = await ask();
      let beginnings = 0;

      for (let sent = 1; sent <= chunks; sent++) {
        mock.reset().on({}, answer, { ...options, truncateAfterChunks: sent });
        const error = await ask().catch((reason: unknown) => reason);
        // After the finish_reason nothing is missing.
        if (sent === chunks && !isChatError(error)) continue;
        if (!isChatError(error))
          throw new Error(`After ${sent} of ${chunks} chunks it was an answer`);
        expect(['connection', 'stream_interrupted']).toContain(error.code);
        expectBeginning(error.partial, whole);
        if (error.partial !== undefined) beginnings++;
      }

      expect(beginnings).toBeGreaterThan(0);
    },
  );

  test('a stream that is cut after some time is no answer', async () => {
    const answer = { content: 'Hello, how are you?'.repeat(20) };
    mock.on({ sequenceIndex: 0 }, answer);
    mock.on({}, answer, { chunkSize: 5, latency: 20, disconnectAfterMs: 100 });
    const whole = await ask();

    const error = await errorOf(ask());

    expect(['connection', 'stream_interrupted']).toContain(error.code);
    expectBeginning(error.partial, whole);
  });
});
