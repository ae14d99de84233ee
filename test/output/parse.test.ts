import { toJsonSchema, toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import type {
  ChatCompletionMessageParam,
  OutputSchema,
  Provider,
  ProviderId,
} from 'deepseek-v4-flash';
import { createClient, defineProvider, providers } from 'deepseek-v4-flash';
import type { EmulatorAnswer, EmulatorRequest } from 'deepseek-v4-flash/testing';
import { createEmulator } from 'deepseek-v4-flash/testing';
import * as v from 'valibot';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import { errorOf as failureOf } from '../kit/failures.ts';
import { costApart } from '../kit/emulated.ts';
import { vendors } from '../kit/vendors.ts';

/** A vendor that takes no form of answer, so that the value has to come as the arguments of a call. */
const formless = defineProvider({ id: 'formless', extends: 'vtrix', jsonSchema: 'dropped' });
/** The same, and it refuses to be forced while it thinks. */
const thoughtful = defineProvider({ id: 'thoughtful', extends: 'deepseek', jsonSchema: 'dropped' });

const everywhere: [name: string, provider: ProviderId | Provider][] = [
  ...vendors.map((id): [string, ProviderId] => [id, id]),
  ['formless', formless],
  ['thoughtful', thoughtful],
];
const callers = new Set(['formless', 'thoughtful']);

const messages: ChatCompletionMessageParam[] = [
  { role: 'user', content: 'How warm is it in Rome?' },
];
const pricing = { cacheHit: '0.003', cacheMiss: '0.15', output: '0.6' };

function setUp(provider: ProviderId | Provider, splitThinkTags = false) {
  const emulator = createEmulator({ strict: true });
  const client = createClient({
    provider,
    apiKey: 'test-key',
    transport: emulator.transport,
    onUnsupported: 'error',
    maxRetries: 0,
    pricing,
    splitThinkTags,
  });
  return { emulator, client, parse: client.chat.completions.parse };
}

/** The answer of a model, in the place where the vendor has it. */
function answer(name: string, text: string, more: EmulatorAnswer = {}): EmulatorAnswer {
  return callers.has(name)
    ? { tool_calls: [{ name: 'response', arguments: text }], ...more }
    : { content: text, ...more };
}

const whole = '{"city":"Rome","celsius":"21"}';
const value = { city: 'Rome', celsius: 21, unit: 'C' };

const city = z.object({ city: z.string() });
const classic = z.object({
  city: z.string(),
  celsius: z.string().transform(Number),
  unit: z.enum(['C', 'F']).default('C'),
});
const small = mini.object({
  city: mini.string(),
  celsius: mini.pipe(mini.string(), mini.transform(Number)),
  unit: mini._default(mini.enum(['C', 'F']), 'C'),
});
const valibot = v.object({
  city: v.string(),
  celsius: v.pipe(v.string(), v.transform(Number)),
  unit: v.optional(v.picklist(['C', 'F']), 'C'),
});
const ark = type({
  city: 'string',
  celsius: 'string.numeric.parse',
  unit: "'C' | 'F' = 'C'",
});

const schemas: [library: string, schema: OutputSchema][] = [
  ['zod', classic],
  [
    'a pair of zod/mini',
    { schema: small, jsonSchema: { ...mini.toJSONSchema(small, { io: 'input' }) } },
  ],
  [
    'a pair of Valibot',
    { schema: valibot, jsonSchema: { ...toJsonSchema(valibot, { typeMode: 'input' }) } },
  ],
  ['Valibot, with its own converter', toStandardJsonSchema(valibot)],
  ['ArkType', ark],
];

interface ObjectSchema {
  $schema?: string;
  properties: Record<string, { type?: string }>;
  required: string[];
}

/** The schema as the model is shown it. */
function schemaOnWire({ body = {} }: EmulatorRequest): ObjectSchema {
  const { response_format: format, tools, messages: sent = [] } = body;
  const mark = 'JSON Schema: ';
  const words = sent.find(({ role }) => role === 'system')?.content;
  const inWords = typeof words === 'string' ? words.slice(words.indexOf(mark) + mark.length) : '{}';
  return (format?.json_schema?.schema ??
    tools?.[0]?.function?.parameters ??
    JSON.parse(inWords)) as ObjectSchema;
}

const lenient = z.object({
  title: z.string().default('Untitled'),
  name: z.string().optional(),
  tags: z.array(z.object({ name: z.string() })).default([]),
});
const named = z.object({ name: z.string() });
const recursive = z.object({
  by: z.string(),
  get replies() {
    return z.array(recursive);
  },
});

/** Answers without their end. Each holds an object that its schema takes. */
const cutOff: [schema: OutputSchema, text: string][] = [
  [lenient, '{"title":"Bread","tags":[{"name":"a"},{"name":"b'],
  [named, '{"title":"Bread","tags":[{"name":"a"},{"name":"b'],
  [recursive, '{"by":"a","replies":[{"by":"b","replies":[]},{"by":"c","rep'],
  [recursive, '{"by":"a","replies":[{"by":"b","replies":[]}]'],
  [named, 'Here it is: {"name":"a"}. Or, if I think of it, {"name":"b'],
  [named, '```json\n{"name":"a"}\n'],
  [named, '[{"name":"a"},{"name'],
];

/** Answers that are finished, and whose outer object is no JSON. */
const broken: [schema: OutputSchema, text: string][] = [
  [lenient, '{"title":"Bread" "tags":[{"name":"a"}]}'],
  [lenient, '{"title":"Bread","tags":[{"name":"a"},{"name":"b'],
  [named, "{'title':'Bread','tags':[{\"name\":\"a\"}]}"],
  [named, '{"title":"Bread",,"best":{"name":"a"}}'],
  [named, 'So: {"title":"Bread","best":{"name":"a"}'],
  [recursive, '{"by":"a","replies":[{"by":"b","replies":[]},]}'],
  [recursive, '{by:"a","replies":[{"by":"b","replies":[]}]}'],
];

// ---------------------------------------------------------------- what is asked, and what comes of it

describe.each(everywhere)('at %s', (name, provider) => {
  test.each(schemas)(
    'a value is asked for with a schema of %s, and is its output',
    async (_, schema) => {
      const { emulator, parse } = setUp(provider);
      emulator.reply(answer(name, whole));
      const completion = await parse({ messages, response_format: schema });
      expect(completion.choices[0].message.parsed).toEqual(value);
      expect(emulator.requests).toHaveLength(1);
      const [request] = emulator.requests;
      const shown = schemaOnWire(request as EmulatorRequest);
      expect(shown).not.toHaveProperty('$schema');
      expect(JSON.stringify(request?.body)).not.toContain('$schema');
      // The input form: a text is a text before it is transformed, and what has a default may be left out.
      expect(shown.properties.celsius?.type).toBe('string');
      expect(shown.required.toSorted()).toEqual(['celsius', 'city']);
    },
  );

  test('the schema goes to the one place that the vendor has', async () => {
    const { emulator, parse } = setUp(provider);
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    };
    const pair = { schema: city, jsonSchema: schema, name: 'place', description: 'Where it is' };
    emulator.reply(
      callers.has(name)
        ? { tool_calls: [{ name: 'place', arguments: { city: 'Rome' } }] }
        : { content: '{"city":"Rome"}' },
    );
    const { report } = await parse({ messages, response_format: pair });
    const {
      response_format: format,
      tools,
      tool_choice,
      messages: sent,
    } = emulator.requests[0]?.body ?? {};
    const user = { role: 'user', content: 'How warm is it in Rome?' };
    const { jsonSchema } = (typeof provider === 'string' ? providers[provider] : provider).profile;
    if (callers.has(name)) {
      const definition = { name: 'place', description: 'Where it is', parameters: schema };
      expect(format).toBeUndefined();
      expect(tools).toEqual([{ type: 'function', function: definition }]);
      expect(tool_choice).toEqual({ type: 'function', function: { name: 'place' } });
      expect(sent).toEqual([user]);
    } else if (jsonSchema.startsWith('sent')) {
      expect(format).toEqual({
        type: 'json_schema',
        json_schema: { name: 'place', description: 'Where it is', schema },
        ...(jsonSchema === 'sent with schema' && { schema }),
      });
      expect(tools).toBeUndefined();
      expect(sent).toEqual([user]);
    } else {
      expect(format).toEqual({ type: 'json_object' });
      expect(tools).toBeUndefined();
      expect(sent).toHaveLength(2);
      expect(sent?.[0]?.role).toBe('system');
      expect(sent?.[0]?.content).toContain(JSON.stringify(schema));
      expect(sent?.[0]?.content).toContain('Where it is');
      expect(sent?.[1]).toEqual(user);
    }
    expect(report.adjustments.filter(({ lossy }) => lossy)).toEqual([]);
  });

  test('nothing is warned of, since the answer is checked here', async () => {
    const emulator = createEmulator({ strict: true });
    const { transport } = emulator;
    const client = createClient({ provider, apiKey: 'test-key', transport });
    const warn = vi.mocked(process.emitWarning);
    warn.mockClear();
    emulator.reply(answer(name, '{"city":"Rome"}'));
    await client.chat.completions.parse({ messages, response_format: city });
    expect(warn).not.toHaveBeenCalled();
  });

  test('the emulator, which makes values up, gives one that fits', async () => {
    const { parse } = setUp(provider);
    const { choices } = await parse({ messages, response_format: city });
    expect(choices[0].message.parsed).toEqual({ city: 'text' });
  });

  // -------------------------------------------------------------- repair

  test('an empty answer is asked for once more', async () => {
    const { emulator, parse } = setUp(provider);
    emulator.reply({ content: '', tool_calls: [] }, answer(name, '{"city":"Rome"}'));
    const { choices, report } = await parse({ messages, response_format: city });
    expect(choices[0].message.parsed).toEqual({ city: 'Rome' });
    expect(emulator.requests).toHaveLength(2);
    const [first, second] = emulator.requests.map(({ body }) => body);
    const before = first?.messages ?? [];
    const after = second?.messages ?? [];
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.slice(before.length).map(({ role }) => role)).toEqual(['assistant', 'user']);
    expect(after.at(-1)?.content).toContain('There was no answer');
    expect({ ...second, messages: [] }).toEqual({ ...first, messages: [] });
    expect(report.issues.map(({ code }) => code)).toContain('output_repaired');
  });

  test('an answer that does not fit is shown to the model with what is wrong', async () => {
    const { emulator, parse } = setUp(provider);
    const schema = z.object({ city: z.string(), at: z.object({ lat: z.number() }) });
    emulator.reply(
      answer(name, '{"city":1,"at":{"lat":"north"}}'),
      answer(name, '{"city":"Rome","at":{"lat":41.9}}'),
    );
    const { choices, report } = await parse({ messages, response_format: schema });
    expect(choices[0].message.parsed).toEqual({ city: 'Rome', at: { lat: 41.9 } });
    expect(emulator.requests).toHaveLength(2);
    const after = emulator.requests[1]?.body?.messages ?? [];
    const [said, told] = after.slice(-2);
    expect(said?.role).toBe('assistant');
    expect(JSON.stringify(said)).toContain('north');
    expect(told?.role).toBe(callers.has(name) ? 'tool' : 'user');
    if (callers.has(name)) expect(told?.tool_call_id).toBe(said?.tool_calls?.[0]?.id);
    expect(told?.content).toMatch(/^- city: .+$/m);
    expect(told?.content).toMatch(/^- at\.lat: .+$/m);
    // Paths may be of keys that the answer made up, and a report holds nothing of an answer.
    const repaired = report.issues.filter(({ code }) => code === 'output_repaired');
    expect(repaired).toEqual([
      {
        code: 'output_repaired',
        message: 'it did not fit the schema (issues: 2); the model was asked to correct it',
      },
    ]);
  });

  test('the report of a repaired answer covers both turns', async () => {
    const { emulator, parse } = setUp(provider);
    const usages = [
      { prompt_tokens: 100, completion_tokens: 10, cached_tokens: 40 },
      { prompt_tokens: 200, completion_tokens: 20, cached_tokens: 100 },
    ];
    const answers = ['{}', '{"city":"Rome"}'].map((text, turn) =>
      answer(name, text, { usage: usages[turn] }),
    );
    emulator.reply(...answers);
    const { report } = await parse({ messages, response_format: city });
    expect(report.attempts.map(({ number, status, error }) => [number, status, error])).toEqual([
      [1, 200, undefined],
      [2, 200, undefined],
    ]);
    expect(report.usage).toMatchObject({
      prompt_tokens: 300,
      completion_tokens: 30,
      total_tokens: 330,
    });
    expect(report.cost?.usd).toBe(await costApart({ provider, pricing }, answers));
    if (report.cost?.source === 'pricing') expect(report.cost.usd).toBe('0.00004242');
    expect(report.completion).toBe('complete');
    expect(report.timings.startedAt).toBeLessThanOrEqual(report.attempts[0]?.startedAt ?? 0);
    // What is the same in both turns is told once.
    const adjustments = report.adjustments.map((each) => JSON.stringify(each));
    expect(new Set(adjustments).size).toBe(adjustments.length);
  });

  test('a second bad answer ends in invalid_output, with the issues and the answer', async () => {
    const { emulator, parse } = setUp(provider);
    emulator.reply(answer(name, '{"city":1}'), answer(name, '{"city":{"name":"Siena"}}'));
    const error = await failureOf(parse({ messages, response_format: city }));
    expect(error.code).toBe('invalid_output');
    expect(error.retryable).toBe(false);
    expect(error.issues?.map(({ path }) => path)).toEqual(['city']);
    expect(JSON.stringify(error.partial)).toContain('Siena');
    expect(error.partial?.choices[0].finish_reason).toBe(callers.has(name) ? 'tool_calls' : 'stop');
    expect(error.message).not.toContain('Siena');
    expect(JSON.stringify(error)).not.toContain('Siena');
    expect(JSON.stringify(error.report)).not.toContain('Siena');
    expect(error.report?.attempts).toHaveLength(2);
    expect(emulator.requests).toHaveLength(2);
  });

  test('a repair turn that fails keeps the attempts of the first', async () => {
    const { emulator, parse } = setUp(provider);
    emulator.reply(answer(name, '{}'), { error: 'rate_limit' });
    const error = await failureOf(parse({ messages, response_format: city }));
    expect(error.code).toBe('rate_limit');
    expect(error.report?.attempts.map(({ number, error: code }) => [number, code])).toEqual([
      [1, undefined],
      [2, 'rate_limit'],
    ]);
    expect(error.report?.issues.map(({ code }) => code)).toContain('output_repaired');
    // It brought no answer, so the one that it was to correct is the last there is.
    expect(error.partial?.choices[0].finish_reason).toBe(callers.has(name) ? 'tool_calls' : 'stop');
    expect(JSON.stringify(error.partial?.choices[0].message)).toContain('{}');
  });

  test('a repair turn of unknown cost is counted beside the cost of the first', async () => {
    const { emulator, parse } = setUp(provider);
    emulator.reply(answer(name, '{}'), { error: 'server_error' });
    const { report } = await failureOf(parse({ messages, response_format: city }));
    // Some say that they bill no failure, and some do not say what an answer has cost.
    const failed = report?.attempts[1]?.billed === false ? 0 : 1;
    const answered = report?.cost === undefined ? 1 : 0;
    expect(report?.cost?.unpriced ?? 0).toBe(answered === 1 ? 0 : failed);
    expect(report?.unpriced ?? 0).toBe(answered + failed);
  });

  test('a wish for a stream, which no type lets through, is passed over', async () => {
    const { emulator, parse } = setUp(provider);
    emulator.reply(answer(name, '{}'), answer(name, '{"city":"Rome"}'));
    const params = { messages, response_format: city, stream: true };
    const { choices } = await parse(params);
    expect(choices[0].message.parsed).toEqual({ city: 'Rome' });
    expect(emulator.requests).toHaveLength(2);
    for (const { body } of emulator.requests) expect(body?.stream ?? false).toBe(false);
  });

  test('a part of an answer that was cut off is no value, however well it fits', async () => {
    for (const [schema, text] of cutOff) {
      for (const finish_reason of ['length', 'content_filter']) {
        const { emulator, parse, client } = setUp(provider);
        const cut = answer(name, text, { finish_reason });
        emulator.reply(cut, cut);
        const error = await failureOf(parse({ messages, response_format: schema }));
        expect(error.code).toBe('invalid_output');
        expect(error.message).toContain(finish_reason);
        const streamed = client.chat.completions.stream({ messages, response_format: schema });
        expect((await failureOf(streamed.finalCompletion())).code).toBe('invalid_output');
        expect(emulator.requests).toHaveLength(2);
      }
    }
  });

  test('a part of an answer that is broken is no value, and the model is asked again', async () => {
    for (const [schema, text] of broken) {
      const { emulator, parse, client } = setUp(provider);
      const reply = answer(name, text);
      emulator.reply(reply, reply, reply);
      const error = await failureOf(parse({ messages, response_format: schema }));
      expect(error.code).toBe('invalid_output');
      expect(emulator.requests).toHaveLength(2);
      const streamed = client.chat.completions.stream({ messages, response_format: schema });
      expect((await failureOf(streamed.finalCompletion())).code).toBe('invalid_output');
    }
  });

  test('maxRepairs says how often', async () => {
    const none = setUp(provider);
    none.emulator.reply(answer(name, '{}'));
    const error = await failureOf(
      none.parse({ messages, response_format: city }, { maxRepairs: 0 }),
    );
    expect(error.code).toBe('invalid_output');
    expect(none.emulator.requests).toHaveLength(1);

    const two = setUp(provider);
    two.emulator.reply(answer(name, '{}'), answer(name, '{}'), answer(name, '{"city":"Rome"}'));
    const { report } = await two.parse({ messages, response_format: city }, { maxRepairs: 2 });
    expect(two.emulator.requests).toHaveLength(3);
    expect(report.attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
    const lengths = two.emulator.requests.map(({ body }) => body?.messages?.length ?? 0);
    expect(lengths[2]).toBe((lengths[1] ?? 0) + 2);
  });

  test('an answer that was cut off or filtered is not asked for again', async () => {
    for (const finish_reason of ['length', 'content_filter']) {
      const { emulator, parse } = setUp(provider);
      emulator.reply({ content: '{"city":"Ro', finish_reason });
      const error = await failureOf(parse({ messages, response_format: city }));
      expect(error.code).toBe('invalid_output');
      expect(error.message).toContain(finish_reason);
      expect(error.message).not.toContain('"Ro');
      expect(error.issues).toHaveLength(1);
      expect(error.partial?.choices[0].finish_reason).toBe(finish_reason);
      expect(emulator.requests).toHaveLength(1);
    }
  });

  test('a refusal is not asked about again', async () => {
    const { emulator, parse } = setUp(provider);
    const message = { role: 'assistant', content: null, refusal: 'That I will not tell.' };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    emulator.reply({ writes: [JSON.stringify({ id: 'x', model: 'm', created: 1, choices })] });
    const error = await failureOf(parse({ messages, response_format: city }));
    expect(error.code).toBe('invalid_output');
    expect(error.message).toContain('refused');
    expect(error.message).not.toContain('That I will not tell');
    expect(error.partial?.choices[0].message.refusal).toBe('That I will not tell.');
    expect(emulator.requests).toHaveLength(1);
  });
});

test('every call of a bad answer is answered, where the value comes as a call', async () => {
  const { emulator, parse } = setUp(formless);
  const calls = [1, 2].map((at) => ({
    id: `call_${at}`,
    name: 'response',
    arguments: { city: at },
  }));
  emulator.reply({ tool_calls: calls }, answer('formless', '{"city":"Rome"}'));
  const { choices } = await parse({ messages, response_format: city });
  expect(choices[0].message.parsed).toEqual({ city: 'Rome' });
  const told = emulator.requests[1]?.body?.messages?.slice(-2) ?? [];
  expect(told.map(({ role, tool_call_id }) => [role, tool_call_id])).toEqual([
    ['tool', 'call_1'],
    ['tool', 'call_2'],
  ]);
});

test('a value that comes as text where a call was asked for is taken', async () => {
  const { emulator, parse } = setUp(formless);
  emulator.reply({ content: 'Here: {"city":"Rome"}' });
  const { choices } = await parse({ messages, response_format: city });
  expect(choices[0].message.parsed).toEqual({ city: 'Rome' });
});

test('a wanted thought is not given up for a forced call without a word', async () => {
  const { emulator, parse } = setUp(thoughtful);
  const thinking = { type: 'enabled' } as const;
  const error = await failureOf(parse({ messages, response_format: city, thinking }));
  expect([error.code, error.param]).toEqual(['unsupported_parameter', 'thinking']);
  expect(emulator.requests).toHaveLength(0);
});

describe.each(['client', 'call'])(
  'a limit of the %s that leaves nothing for a correction',
  (whose) => {
    const usage = { prompt_tokens: 10, cached_tokens: 0, completion_tokens: 100 };
    const ask = async (replies: EmulatorAnswer[]) => {
      const emulator = createEmulator();
      emulator.reply(...replies);
      // A hundred tokens are set aside, and cost a dollar each.
      const limit = { maxCostUsd: 150 };
      const client = createClient({
        apiKey: 'k',
        transport: emulator.transport,
        pricing: { cacheHit: '0', cacheMiss: '0', output: '1000000' },
        maxRetries: 0,
        ...(whose === 'client' && limit),
      });
      const response_format = z.object({ celsius: z.number() });
      const error = await failureOf(
        client.chat.completions.parse(
          { messages, response_format, max_tokens: 100 },
          whose === 'call' ? limit : {},
        ),
      );
      return { error, emulator };
    };

    test('is told with what was paid for, and why that is of no use', async () => {
      const { error, emulator } = await ask([{ content: '{"celsius":"hot"}', usage }]);

      expect(emulator.requests).toHaveLength(1);
      expect(error).toMatchObject({
        code: 'budget_exceeded',
        param: 'maxCostUsd',
        provider: 'deepseek',
        cause: { code: 'invalid_output', issues: [{ path: 'celsius' }] },
      });
      expect(error.message).toBe(
        'The answer does not fit its schema: issues: 1. It was paid for, see report. The request to correct it was not sent: ' +
          'it could cost 100 USD, and maxCostUsd 150 leaves 50 (100 spent). Lower max_tokens, shorten the prompt, or raise maxCostUsd',
      );
      expect(error.report).toMatchObject({
        completion: 'complete',
        attempts: [{ number: 1, status: 200 }],
        cost: { usd: '100' },
      });
      expect(error.report?.issues.map(({ code }) => code)).not.toContain('output_repaired');
      expect(error.partial?.choices[0].message.content).toBe('{"celsius":"hot"}');
    });
  },
);

test('maxRepairs must be a whole number', async () => {
  for (const maxRepairs of [-1, 1.5, Number.NaN, Infinity, '1' as unknown as number]) {
    const { emulator, parse } = setUp('deepseek');
    const error = await failureOf(parse({ messages, response_format: city }, { maxRepairs }));
    expect([error.code, error.param]).toEqual(['invalid_options', 'maxRepairs']);
    expect(emulator.requests).toHaveLength(0);
  }
});

// ---------------------------------------------------------------- where the value stands in the answer

const texts: [what: string, text: string][] = [
  ['fences around it', '```json\n{"city":"Rome"}\n```'],
  ['fences and a preface', 'Sure!\n\n```\n{"city":"Rome"}\n```\nAnything else?'],
  ['another object before it', '{"town":"Siena"} is wrong, {"city":"Rome"} is right'],
  ['an object behind it that does not fit', '{"city":"Rome"} and not {"town":"Siena"}'],
  ['itself once more behind it', '{"city":"Rome"}. I repeat:\n```json\n{ "city": "Rome" }\n```'],
  ['an object in an object that does not fit before it', '{"of":{"city":"Siena"}} {"city":"Rome"}'],
  ['braces in its texts', 'So: {"city":"Rome","note":"} {\\" {"}.'],
  ['space around it', ' \n\t{"city":"Rome"}\r\n '],
];

test.each(texts)('a value is found with %s', async (_, text) => {
  for (const provider of vendors) {
    const { emulator, parse } = setUp(provider);
    emulator.reply({ content: text });
    const { choices } = await parse({ messages, response_format: city });
    expect(choices[0].message.parsed, provider).toEqual({ city: 'Rome' });
    expect(choices[0].message.content).toBe(text);
    expect(emulator.requests).toHaveLength(1);
  }
});

const undecided: [what: string, text: string][] = [
  ['two that fit', '{"city":"Rome"} and not {"city":"Siena"}'],
  ['two that fit, in fences', '```json\n{"city":"Rome"}\n```\nor\n```json\n{"city":"Siena"}\n```'],
  ['a brace that never closes before it', 'An open { stands here. {"city":"Rome"}'],
  ['a preface with braces', 'The set {x | x > 0}, or {}: here it is. {"city":"Rome"}'],
  ['a quotation mark in the preface', 'He said " and {x} left. {"city":"Rome"}'],
  ['a broken object before it', 'Not {"city":"Siena",,}. It is {"city":"Rome"}'],
  ['a list around it', '[{"city":"Rome"}]'],
  ['a list around two', '[{"city":"Rome"},{"city":"Siena"}]'],
  ['an object around it', '{"of":{"city":"Rome"}}'],
  ['quotation marks around it', '"{\\"city\\":\\"Rome\\"}"'],
];

test.each(undecided)('a value is asked for once more with %s', async (_, content) => {
  for (const provider of vendors) {
    const { emulator, parse } = setUp(provider);
    emulator.reply({ content }, { content: '{"city":"Rome"}' });
    const { choices, report } = await parse({ messages, response_format: city });
    expect(choices[0].message.parsed, provider).toEqual({ city: 'Rome' });
    expect(report.issues.map(({ code }) => code)).toContain('output_repaired');
    expect(emulator.requests).toHaveLength(2);
  }
});

test.each(undecided)('a second answer with %s is invalid_output', async (_, content) => {
  const { emulator, parse, client } = setUp('deepseek');
  emulator.reply({ content }, { content }, { content });
  const error = await failureOf(parse({ messages, response_format: city }));
  expect(error.code).toBe('invalid_output');
  expect(error.partial?.choices[0].message.content).toBe(content);
  expect(error.message).not.toContain('Rome');
  expect(emulator.requests).toHaveLength(2);
  const streamed = client.chat.completions.stream({ messages, response_format: city });
  expect((await failureOf(streamed.finalCompletion())).code).toBe('invalid_output');
});

test('of two values that fit, the model is told that there are two', async () => {
  const { emulator, parse } = setUp('deepseek');
  emulator.reply(
    { content: '{"city":"Rome"} or {"city":"Siena"}' },
    { content: '{"city":"Rome"}' },
  );
  const { report } = await parse({ messages, response_format: city });
  const told = emulator.requests[1]?.body?.messages?.at(-1)?.content;
  expect(told).toContain('it contains 2 JSON objects that fit');
  expect(report.issues).toContainEqual({
    code: 'output_repaired',
    message:
      'it did not fit the schema (it contains 2 JSON objects that fit); the model was asked to correct it',
  });
});

test('an answer that ends too early anywhere gives no value', async () => {
  const text = '{"title":"Bread","tags":[{"name":"a"},{"name":"}{"}],"name":"b"}';
  for (const schema of [lenient, named]) {
    for (const finish_reason of ['length', 'stop']) {
      for (let at = 0; at < text.length; at++) {
        const { emulator, parse } = setUp('deepseek');
        emulator.reply({ content: text.slice(0, at), finish_reason });
        const asked = parse({ messages, response_format: schema }, { maxRepairs: 0 });
        expect((await failureOf(asked)).code, `${at}`).toBe('invalid_output');
      }
    }
  }
});

test('a value is found behind what is left of thinking', async () => {
  const text = '<think>\nIs it {"city":"Siena"}? No.\n</think>\n\n{"city":"Rome"}';
  for (const provider of vendors) {
    const { emulator, parse } = setUp(provider, true);
    emulator.reply({ content: text, reasoning_content: '' });
    const { choices } = await parse({ messages, response_format: city });
    expect(choices[0].message.parsed, provider).toEqual({ city: 'Rome' });
    expect(choices[0].message.reasoning_content).toContain('Siena');
  }
});

test('a schema may take its time', async () => {
  const slow = z.object({ city: z.string() }).refine(async ({ city: name }) => name === 'Rome');
  const { emulator, parse } = setUp('deepseek');
  emulator.reply({ content: '{"city":"Siena"}' }, { content: '{"city":"Rome"}' });
  const { choices } = await parse({ messages, response_format: slow });
  expect(choices[0].message.parsed).toEqual({ city: 'Rome' });
  expect(emulator.requests).toHaveLength(2);
});

// ---------------------------------------------------------------- what no error tells

const secret = 'Tiramisu4711';
const quoting: [what: string, schema: OutputSchema, text: string][] = [
  ['an unknown key', z.strictObject({ city: z.string() }), `{"city":"Rome","${secret}":1}`],
  [
    'a rule of the whole value, in whose words it stands',
    z.object({ city: z.string() }).refine(() => false, {
      error: ({ input }) => `is wrong: ${JSON.stringify(input)}`,
    }),
    `{"city":"${secret}"}`,
  ],
  [
    'a key of a record',
    z.object({ by: z.record(z.string(), z.number()) }),
    `{"by":{"${secret}":""}}`,
  ],
  ['a value that ArkType quotes', type({ mail: 'string.email' }), `{"mail":"${secret}"}`],
  [
    'a value that Valibot quotes',
    toStandardJsonSchema(v.object({ size: v.number() })),
    `{"size":"${secret}"}`,
  ],
];

test.each(quoting)(
  'the message of invalid_output holds nothing of the answer: %s',
  async (_, schema, text) => {
    const { emulator, parse } = setUp('deepseek');
    emulator.reply({ content: text });
    const error = await failureOf(parse({ messages, response_format: schema }, { maxRepairs: 0 }));
    expect(error.code).toBe('invalid_output');
    expect(JSON.stringify(error.partial)).toContain(secret);
    expect(error.message).not.toContain(secret);
  },
);

test.each(quoting)(
  'the JSON form of invalid_output holds nothing of the answer: %s',
  async (_, schema, text) => {
    const { emulator, parse } = setUp('deepseek');
    emulator.reply({ content: text });
    const error = await failureOf(parse({ messages, response_format: schema }, { maxRepairs: 0 }));
    expect(error.code).toBe('invalid_output');
    expect(JSON.stringify(error)).not.toContain(secret);
  },
);

test.each(quoting)(
  'the report of a repaired answer holds nothing of it: %s',
  async (_, schema, text) => {
    const { emulator, parse } = setUp('deepseek');
    emulator.reply({ content: text }, { content: text });
    const error = await failureOf(parse({ messages, response_format: schema }));
    expect(error.report?.issues.length).toBeGreaterThan(0);
    expect(JSON.stringify(error.report)).not.toContain(secret);
  },
);

test('a text to continue is refused before sending, or repaired, but never the blame of the repair turn', async () => {
  const { emulator, parse } = setUp('deepseek');
  emulator.reply({ content: '"town":1}' }, { content: '"town":1}' });
  const continued: ChatCompletionMessageParam[] = [
    ...messages,
    { role: 'assistant', content: '{', prefix: true },
  ];
  const error = await failureOf(parse({ messages: continued, response_format: city }));
  const sent = emulator.requests.length;
  expect(error.code).toBe(sent === 0 ? 'invalid_request' : 'invalid_output');
});

// ---------------------------------------------------------------- what is no schema for a value

class Money {
  cents = 0;
}
const unfit: [what: string, schema: unknown][] = [
  ['a bigint in it', z.object({ n: z.bigint() })],
  ['a date in it', z.object({ at: z.date() })],
  ['a map in it', z.object({ all: z.map(z.string(), z.string()) })],
  ['an instance in it', z.object({ price: z.instanceof(Money) })],
  ['a date of Valibot in it', toStandardJsonSchema(v.object({ at: v.date() }))],
  ['a text as its root', z.string()],
  ['a list as its root', z.array(z.string())],
  ['a list of ArkType as its root', type('string[]')],
  ['a number as its root, in a pair', { schema: z.number(), jsonSchema: { type: 'number' } }],
  ['no JSON Schema', mini.object({ city: mini.string() })],
  ['no JSON Schema, of Valibot', v.object({ city: v.string() })],
  ['a JSON Schema that is none', { schema: city, jsonSchema: 'object' }],
  ['a pair without a schema', { jsonSchema: { type: 'object' } }],
  ['the wire form', { type: 'json_object' }],
  ['a JSON Schema alone', { type: 'object', properties: {} }],
  ['a number in its place', 42],
  ['a text in its place', 'json'],
  ['a function in its place', () => ({})],
  ['null in its place', null],
  ['nothing in its place', undefined],
];

test.each(unfit)('a schema with %s is refused before sending', async (_, schema) => {
  const { emulator, parse } = setUp('deepseek');
  const error = await failureOf(parse({ messages, response_format: schema as OutputSchema }));
  expect(error.code).toBe('invalid_request');
  expect(error.param).toBe('response_format');
  expect(error.issues?.map(({ path }) => path)).toEqual(['response_format']);
  expect(emulator.requests).toHaveLength(0);
});

test('a type of ArkType that JSON cannot express is refused before sending', async () => {
  for (const schema of [type({ n: 'bigint' }), type({ at: 'Date' })]) {
    const { emulator, parse } = setUp('deepseek');
    const error = await failureOf(parse({ messages, response_format: schema }));
    expect(error.code).toBe('invalid_request');
    expect(emulator.requests).toHaveLength(0);
  }
});

test('create takes no schema, and says who does', async () => {
  const pair = { schema: small, jsonSchema: { type: 'object' } };
  for (const schema of [city, ark, valibot, small, pair]) {
    for (const stream of [false, true]) {
      const { emulator, client } = setUp('deepseek');
      const params = { messages, stream, response_format: schema } as never;
      const error = await failureOf(client.chat.completions.create(params));
      expect([error.code, error.param]).toEqual(['invalid_request', 'response_format']);
      expect(error.message).toContain('parse()');
      expect(emulator.requests).toHaveLength(0);
    }
  }
});

test('tools have no place beside a schema', async () => {
  const tool = { type: 'function', function: { name: 'f' } } as const;
  for (const more of [{ tools: [tool] }, { tool_choice: 'auto' }]) {
    for (const [, provider] of everywhere) {
      const { emulator, parse, client } = setUp(provider);
      const params = { messages, response_format: city, ...more };
      const error = await failureOf(parse(params));
      expect([error.code, error.param]).toEqual(['invalid_request', Object.keys(more)[0]]);
      const streamed = await failureOf(
        (async () => client.chat.completions.stream(params).finalCompletion())(),
      );
      expect([streamed.code, streamed.param]).toEqual([error.code, error.param]);
      expect(emulator.requests).toHaveLength(0);
    }
  }
});
