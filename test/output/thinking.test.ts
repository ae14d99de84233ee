import type {
  ChatCompletionCreateParamsBase,
  ClientOptions,
  ProviderId,
  Report,
  ThinkingStyle,
} from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import type { EmulatorAnswer } from 'deepseek-v4-flash/testing';
import { createEmulator } from 'deepseek-v4-flash/testing';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { errorOf as failureOf } from '../kit/failures.ts';
import { costApart } from '../kit/emulated.ts';
import {
  lowerable,
  profileOf,
  startsThinking,
  styleOf,
  switchable,
  thinkers,
} from '../kit/facts.ts';
import { vendors } from '../kit/vendors.ts';

function setUp(provider: ProviderId, options: ClientOptions = {}) {
  const emulator = createEmulator({ strict: true });
  const client = createClient({
    provider,
    apiKey: 'test-key',
    transport: emulator.transport,
    maxRetries: 0,
    onUnsupported: 'adjust',
    ...options,
  });
  return { emulator, completions: client.chat.completions };
}

const messages: ChatCompletionCreateParamsBase['messages'] = [{ role: 'user', content: 'Hi' }];
const weather = { type: 'function', function: { name: 'weather' } } as const;

const about = ({ issues }: Report): string[] =>
  issues.map(({ code }) => code).filter((code) => /thinking|reasoning/.test(code));

// ---------------------------------------------------------------- what was asked, and what was seen

/** What each kind of "off" is on the wire. */
const offs: Record<string, object | undefined> = {
  'thinking.type': { thinking: { type: 'disabled' } },
  'reasoning_effort none': { reasoning_effort: 'none' },
  'reasoning.effort none': { reasoning: { effort: 'none' } },
  enable_thinking: { enable_thinking: false },
};

/** What little thinking is on the wire. */
function lows({ on, effort }: ThinkingStyle): object {
  if (effort?.field === 'thinking.reasoning_effort') {
    return { thinking: { type: 'enabled', reasoning_effort: 'low' } };
  }
  return { reasoning_effort: 'low', ...(on === 'enable_thinking' && { enable_thinking: true }) };
}

interface Expected {
  asked: 'enabled' | 'disabled' | 'default';
  byDefault?: 'on' | 'off' | 'unknown';
  seen: boolean;
  issues: string[];
}

const asks: {
  what: string;
  params: Omit<ChatCompletionCreateParamsBase, 'messages'>;
  expected: (provider: ProviderId) => Expected;
}[] = [
  {
    what: 'nothing is asked for',
    params: {},
    expected: (id) => ({ ...unasked(id), seen: startsThinking.has(id), issues: [] }),
  },
  {
    what: 'thinking is asked for',
    params: { thinking: { type: 'enabled' } },
    expected: (id) => wanted(id),
  },
  {
    what: 'little thinking is asked for',
    params: { reasoning_effort: 'low' },
    expected: (id) => wanted(id),
  },
  {
    what: 'much thinking is asked for, under its other name',
    params: { thinking: { type: 'enabled', reasoning_effort: 'max' } },
    expected: (id) => wanted(id),
  },
  {
    what: 'no thinking is asked for',
    params: { thinking: { type: 'disabled' } },
    expected: (id) => unwanted(id),
  },
  {
    what: 'no thinking is asked for, as an effort',
    params: { reasoning_effort: 'none' },
    expected: (id) => unwanted(id),
  },
  {
    what: 'a call is forced',
    params: { tools: [weather], tool_choice: weather },
    expected: (id) =>
      profileOf(id).forcedToolChoice === 'thinking off'
        ? { asked: 'disabled', seen: false, issues: [] }
        : { ...unasked(id), seen: startsThinking.has(id), issues: [] },
  },
];

/** What is told where nothing was asked: what the vendor does then. */
function unasked(id: ProviderId): Pick<Expected, 'asked' | 'byDefault'> {
  return { asked: 'default', byDefault: styleOf(profileOf(id)).byDefault ?? 'unknown' };
}

function wanted(id: ProviderId): Expected {
  const seen = thinkers.has(id);
  return { asked: 'enabled', seen, issues: seen ? [] : ['thinking_not_seen'] };
}

function unwanted(id: ProviderId): Expected {
  const seen = thinkers.has(id) && !switchable.has(id);
  return { asked: 'disabled', seen, issues: seen ? ['thinking_not_off'] : [] };
}

describe.each(vendors)('at %s', (provider) => {
  test.each(asks)(
    'the report says whether it thought, where $what',
    async ({ params, expected }) => {
      const { completions } = setUp(provider);
      const { issues, ...told } = expected(provider);
      const { seen } = told;
      const whole = await completions.create({ ...params, messages });
      const stream = completions.stream({ ...params, messages });
      expect(stream.report.thinking?.seen ?? false).toBe(false);
      await stream.finalCompletion();
      for (const report of [whole.report, stream.report]) {
        expect(report.thinking).toEqual(told);
        expect(about(report)).toEqual(issues);
      }
      expect(Boolean(whole.choices[0].message.reasoning_content)).toBe(seen);
    },
  );

  test('a count of reasoning tokens is enough to see it', async () => {
    const { emulator, completions } = setUp(provider);
    const message = { role: 'assistant', content: 'Hello' };
    const usage = {
      prompt_tokens: 1,
      completion_tokens: 9,
      total_tokens: 10,
      completion_tokens_details: { reasoning_tokens: 7 },
    };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    emulator.reply({ writes: [JSON.stringify({ id: 'x', choices, usage })] });
    const { report } = await completions.create({ messages, thinking: { type: 'disabled' } });
    expect(report.thinking).toEqual({ asked: 'disabled', seen: true });
    expect(about(report)).toEqual(['thinking_not_off']);
  });

  test('an answer that was cut off need not have shown its thinking', async () => {
    const { emulator, completions } = setUp(provider);
    emulator.reply({ content: 'Hel', reasoning_content: '', finish_reason: 'length' });
    const { report } = await completions.create({ messages, thinking: { type: 'enabled' } });
    expect(report.thinking).toEqual({ asked: 'enabled', seen: false });
    expect(about(report)).toEqual([]);
  });

  test('a stream that broke off tells what was seen up to there', async () => {
    const { emulator, completions } = setUp(provider);
    emulator.reply({
      answer: { reasoning_content: 'Hm, let me see. That is easy.', content: 'Hello' },
      fault: (response) => ({ ...response, writes: [...response.writes.slice(0, 4), 'reset'] }),
    });
    const stream = completions.stream({ messages, thinking: { type: 'disabled' } });
    const error = await failureOf(stream.finalCompletion());
    expect(error.code).toBe('stream_interrupted');
    expect(error.report?.thinking).toEqual({ asked: 'disabled', seen: true });
    expect(about(stream.report)).toEqual(['thinking_not_off']);
  });

  // -------------------------------------------------------------- all tokens went into thinking

  const exhausted: EmulatorAnswer = {
    reasoning_content: 'Hm, let me see.',
    content: '',
    finish_reason: 'length',
    usage: { prompt_tokens: 100, completion_tokens: 10, cached_tokens: 40 },
  };
  const answered: EmulatorAnswer = {
    content: 'Hello',
    reasoning_content: '',
    usage: { prompt_tokens: 200, completion_tokens: 20, cached_tokens: 100 },
  };

  test('an exhausted answer is given back as it is, unless something else is wanted', async () => {
    for (const onReasoningExhausted of [undefined, 'return'] as const) {
      const { emulator, completions } = setUp(provider);
      emulator.reply(exhausted);
      const { report } = await completions.create({ messages }, { onReasoningExhausted });
      expect(report.completion).toBe('reasoning_exhausted');
      expect(about(report)).toEqual([]);
      expect(emulator.requests).toHaveLength(1);
    }
  });

  test.each(['disable', 'lower'] as const)(
    'is asked once more: %s',
    async (onReasoningExhausted) => {
      const pricing = { cacheHit: '0.003', cacheMiss: '0.15', output: '0.6' };
      const { emulator, completions } = setUp(provider, { pricing, onUnsupported: 'error' });
      emulator.reply(exhausted, answered);
      const completion = await completions.create(
        { messages, max_tokens: 50 },
        { onReasoningExhausted },
      );
      const { report, choices } = completion;
      const possible = onReasoningExhausted === 'disable' ? switchable : lowerable;
      if (!possible.has(provider)) {
        expect(emulator.requests).toHaveLength(1);
        expect(report.completion).toBe('reasoning_exhausted');
        expect(report.issues).toMatchObject([
          { code: 'reasoning_not_recovered', path: 'thinking' },
        ]);
        expect(report.issues[0]?.message).toContain(profileOf(provider).name);
        return;
      }
      expect(choices[0].message.content).toBe('Hello');
      expect(report.completion).toBe('complete');
      expect(emulator.requests).toHaveLength(2);
      const [first, second] = emulator.requests.map(({ body }) => body);
      const style = styleOf(profileOf(provider));
      const more = onReasoningExhausted === 'disable' ? offs[style.off ?? ''] : lows(style);
      expect(more).toBeDefined();
      expect(second).toEqual({ ...first, ...more });

      // The report is of both calls.
      expect(report.attempts.map(({ number, status }) => [number, status])).toEqual([
        [1, 200],
        [2, 200],
      ]);
      expect(report.usage).toMatchObject({
        prompt_tokens: 300,
        completion_tokens: 30,
        total_tokens: 330,
      });
      expect(report.cost?.usd).toBe(await costApart({ provider, pricing }, [exhausted, answered]));
      if (report.cost?.source === 'pricing') expect(report.cost.usd).toBe('0.00004242');
      const asked = onReasoningExhausted === 'disable' ? 'disabled' : 'enabled';
      expect(report.thinking?.asked).toBe(asked);
      // The second answer came without a thought, although a little of it was asked for.
      expect(about(report)).toEqual(
        asked === 'disabled'
          ? ['reasoning_recovered']
          : ['thinking_not_seen', 'reasoning_recovered'],
      );
    },
  );

  test.runIf(lowerable.has(provider))('is asked once more, and not again', async () => {
    const { emulator, completions } = setUp(provider);
    emulator.reply(exhausted, exhausted);
    const { report } = await completions.create({ messages }, { onReasoningExhausted: 'lower' });
    expect(emulator.requests).toHaveLength(2);
    expect(report.completion).toBe('reasoning_exhausted');
    expect(about(report)).toEqual(['reasoning_not_recovered']);
    expect(report.usage).toMatchObject({ prompt_tokens: 200, completion_tokens: 20 });
  });

  test('an answer with content is not asked for again, however it ended', async () => {
    for (const reply of [answered, { ...answered, finish_reason: 'length' }]) {
      const { emulator, completions } = setUp(provider);
      emulator.reply(reply);
      await completions.create({ messages }, { onReasoningExhausted: 'disable' });
      expect(emulator.requests).toHaveLength(1);
    }
  });

  test('there is no second call on a stream', async () => {
    for (const onReasoningExhausted of ['disable', 'lower'] as const) {
      const { emulator, completions } = setUp(provider);
      const opened = await failureOf(
        completions.create({ messages, stream: true }, { onReasoningExhausted }),
      );
      const stream = completions.stream({ messages }, { onReasoningExhausted });
      const read = await failureOf(stream.finalCompletion());
      for (const error of [opened, read]) {
        expect([error.code, error.param]).toEqual(['invalid_options', 'onReasoningExhausted']);
      }
      expect(emulator.requests).toHaveLength(0);
    }
    const { completions } = setUp(provider);
    const stream = completions.stream({ messages }, { onReasoningExhausted: 'return' });
    expect((await stream.finalCompletion()).report.completion).toBe('complete');
  });

  test.runIf(switchable.has(provider) && startsThinking.has(provider))(
    'the emulator’s own exhausted answer is recovered from',
    async () => {
      const { completions } = setUp(provider);
      const params = { messages, max_tokens: 9 };
      const before = await completions.create(params);
      expect(before.report.completion).toBe('reasoning_exhausted');
      const after = await completions.create(params, { onReasoningExhausted: 'disable' });
      expect(after.choices[0].message.content).toContain('You said');
      expect(after.report.completion).toBe('length');
    },
  );
});

test('what was asked about thinking gives way to what recovers from it', async () => {
  const exhausted: EmulatorAnswer = {
    reasoning_content: 'Hm.',
    content: '',
    finish_reason: 'length',
  };
  const asked: Omit<ChatCompletionCreateParamsBase, 'messages'>[] = [
    { thinking: { type: 'enabled', reasoning_effort: 'max' } },
    { thinking: { type: 'enabled' }, reasoning_effort: 'high' },
    { reasoning_effort: 'medium' },
  ];
  for (const params of asked) {
    for (const provider of switchable) {
      for (const onReasoningExhausted of ['disable', 'lower'] as const) {
        if (onReasoningExhausted === 'lower' && !lowerable.has(provider)) continue;
        const { emulator, completions } = setUp(provider);
        emulator.reply(exhausted, { content: 'Hello' });
        await completions.create({ ...params, messages }, { onReasoningExhausted });
        const { thinking, reasoning_effort, reasoning, enable_thinking } =
          emulator.requests[1]?.body ?? {};
        const text = JSON.stringify([thinking, reasoning_effort, reasoning, enable_thinking]);
        expect(text).toMatch(onReasoningExhausted === 'disable' ? /disabled|none|false/ : /low/);
        expect(text).not.toMatch(/max|high|medium/);
      }
    }
  }
});

test('there is nothing lower than low', async () => {
  for (const effort of ['low', 'minimal'] as const) {
    for (const provider of lowerable) {
      const { emulator, completions } = setUp(provider);
      emulator.reply({ reasoning_content: 'Hm.', content: '', finish_reason: 'length' });
      const { report } = await completions.create(
        { messages, reasoning_effort: effort },
        { onReasoningExhausted: 'lower' },
      );
      expect(emulator.requests).toHaveLength(1);
      expect(about(report)).toEqual(['reasoning_not_recovered']);
    }
  }
});

test('a recovery that fails keeps the attempts of the first call', async () => {
  const { emulator, completions } = setUp('deepseek');
  emulator.reply(
    { reasoning_content: 'Hm.', content: '', finish_reason: 'length' },
    { error: 'rate_limit' },
  );
  const error = await failureOf(
    completions.create({ messages }, { onReasoningExhausted: 'disable' }),
  );
  expect(error.code).toBe('rate_limit');
  expect(error.report?.attempts.map(({ error: code }) => code)).toEqual([undefined, 'rate_limit']);
});

test('a recovery that fails without an answer of its own has the exhausted one', async () => {
  for (const provider of switchable) {
    for (const method of ['create', 'parse'] as const) {
      const { emulator, completions } = setUp(provider);
      emulator.reply(
        { reasoning_content: 'Hm, so far.', content: '', finish_reason: 'length' },
        { error: 'rate_limit' },
      );
      const options = { onReasoningExhausted: 'disable' } as const;
      const response_format = z.object({ city: z.string() });
      const error = await failureOf(
        method === 'create'
          ? completions.create({ messages }, options)
          : completions.parse({ messages, response_format }, options),
      );
      expect(error.code).toBe('rate_limit');
      expect(error.partial?.choices[0]).toMatchObject({
        finish_reason: 'length',
        message: { reasoning_content: 'Hm, so far.' },
      });
      expect(emulator.requests).toHaveLength(2);
    }
  }
});

test('a value that thinking used up twice is invalid_output, and its report says so', async () => {
  const { emulator, completions } = setUp('deepseek');
  const exhausted = { reasoning_content: 'Hm.', content: '', finish_reason: 'length' };
  emulator.reply(exhausted, exhausted);
  const error = await failureOf(
    completions.parse(
      { messages, response_format: z.object({ city: z.string() }) },
      { onReasoningExhausted: 'lower' },
    ),
  );
  expect(error.code).toBe('invalid_output');
  expect(error.report?.issues.map(({ code }) => code)).toEqual(['reasoning_not_recovered']);
  expect(emulator.requests).toHaveLength(2);
});

test('a value is recovered, and then repaired, in one call', async () => {
  const { emulator, completions } = setUp('deepseek');
  emulator.reply(
    { reasoning_content: 'Hm.', content: '', finish_reason: 'length' },
    { content: '{"city":5}' },
    { content: '{"city":"Rome"}' },
  );
  const { choices, report } = await completions.parse(
    { messages, response_format: z.object({ city: z.string() }) },
    { onReasoningExhausted: 'disable' },
  );
  expect(choices[0].message.parsed).toEqual({ city: 'Rome' });
  expect(report.attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(report.issues.map(({ code }) => code)).toContain('reasoning_recovered');
  expect(report.issues.map(({ code }) => code)).toContain('output_repaired');
});

test('a repair turn keeps to the thinking that worked', async () => {
  const { emulator, completions } = setUp('deepseek');
  emulator.reply(
    { reasoning_content: 'Hm.', content: '', finish_reason: 'length' },
    { content: '{"city":5}' },
    { content: '{"city":"Rome"}' },
  );
  await completions.parse(
    { messages, response_format: z.object({ city: z.string() }) },
    { onReasoningExhausted: 'disable' },
  );
  expect(emulator.requests[2]?.body?.thinking).toEqual({ type: 'disabled' });
});

test('onReasoningExhausted has three values', async () => {
  const { emulator, completions } = setUp('deepseek');
  const wrong = { onReasoningExhausted: 'retry' as 'return' };
  for (const stream of [false, true]) {
    const error = await failureOf(completions.create({ messages, stream }, wrong));
    expect([error.code, error.param]).toEqual(['invalid_options', 'onReasoningExhausted']);
  }
  expect(emulator.requests).toHaveLength(0);
});
