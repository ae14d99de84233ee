import type {
  ChatCompletionMessageParam,
  ChatCompletionMessageToolCall,
  ChatErrorCode,
  OutputSchema,
  RunToolsParams,
  ToolRun,
  ToolRunEvent,
  ToolScope,
} from 'deepseek-v4-flash';
import { isChatError, tool } from 'deepseek-v4-flash';
import type { EmulatorRequest, WireRequest } from 'deepseek-v4-flash/testing';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { connect, deferred, failureOf, user, vendors, wireMessages } from './kit.ts';

const messages: ChatCompletionMessageParam[] = [user('How is the weather in Brno and Malmö?')];

const weather = tool({
  name: 'weather',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => `Rain in ${city}`,
});

const calling = (...cities: unknown[]) => ({
  tool_calls: cities.map((city, index) => ({
    id: `call_${index}`,
    name: 'weather',
    arguments: { city },
  })),
});

const done = { content: 'Done.' };

/** A tool named `weather` that does something else. */
const weatherThat = <Result>(
  execute: (args: { city: string }, scope: ToolScope) => Result | Promise<Result>,
) => tool({ name: 'weather', parameters: z.object({ city: z.string() }), execute });

/** A tool that comes to no end by itself, whatever its signal says. */
function stubbornTool() {
  const started = deferred<AbortSignal>();
  const stubborn = weatherThat((_args, { signal }) => {
    started.resolve(signal as AbortSignal);
    return new Promise<never>(() => {});
  });
  return { stubborn, started: started.promise };
}

const bodyOf = (request: EmulatorRequest | undefined): WireRequest => request?.body ?? {};

/** What the model is told about calls, in order. */
const toldResults = (request: EmulatorRequest | undefined): unknown[] =>
  (request === undefined ? [] : wireMessages(request))
    .filter(({ role }) => role === 'tool')
    .map(({ content }) => content);

async function collect(run: ToolRun): Promise<ToolRunEvent[]> {
  const events: ToolRunEvent[] = [];
  for await (const event of run.events()) events.push(event);
  return events;
}

const shortTypes = (events: readonly ToolRunEvent[]): string[] =>
  events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);

/** The conversation is one that vendors take: every call is answered, and nothing else is. */
async function expectToGoOn(conversation: readonly ChatCompletionMessageParam[]): Promise<void> {
  const { completions, emulator } = connect();
  const given = [...conversation, user('Go on.')];
  await completions.create({ messages: given, tools: [weather] });
  expect(emulator.requests.at(-1)?.undocumented).toEqual([]);
  const calls = conversation.flatMap((each) =>
    each.role === 'assistant' ? (each.tool_calls ?? []).map(({ id }) => id) : [],
  );
  const answers = conversation.flatMap((each) => (each.role === 'tool' ? [each.tool_call_id] : []));
  expect(answers).toEqual(calls);
}

/** Lets everything that is only waiting for its turn have it. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Runs until somebody waits for something, and then lets the deadline pass. */
async function passDeadline(
  begin: (deadline: number) => ToolRun,
  waits: Promise<unknown>,
): Promise<{ run: ToolRun; outcome: unknown }> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  try {
    const run = begin(Date.now() + 10_000);
    let outcome: unknown = 'It goes on';
    void failureOf(run.final()).then((error) => (outcome = error));
    await waits;
    await vi.advanceTimersByTimeAsync(9000);
    expect(outcome).toBe('It goes on');
    await vi.advanceTimersByTimeAsync(1000);
    return { run, outcome };
  } finally {
    vi.useRealTimers();
  }
}

describe('the result', () => {
  test('has the last answer, all messages, every step with its report, and exact totals', async () => {
    const pricing = { cacheHit: '0.1', cacheMiss: '0.2', output: '0.3' };
    const { completions, emulator } = connect({ pricing });
    emulator.reply(
      { ...calling('Brno'), usage: { prompt_tokens: 3, completion_tokens: 7, cached_tokens: 1 } },
      { ...calling('Malmö'), usage: { prompt_tokens: 10, completion_tokens: 1 } },
      { ...done, usage: { prompt_tokens: 20, completion_tokens: 2, cached_tokens: 20 } },
    );
    const run = completions.runTools({ messages, tools: [weather] });
    const result = await run.final();

    expect(Object.keys(result).toSorted()).toEqual(
      ['completion', 'cost', 'end', 'messages', 'steps', 'usage'].toSorted(),
    );
    expect(result.end).toBe('answered');
    expect(result.completion.choices[0].message.content).toBe('Done.');
    expect(result.completion).toBe(result.steps.at(-1)?.completion);
    expect(result.messages.map(({ role }) => role)).toEqual(
      'user assistant tool assistant tool assistant'.split(' '),
    );
    expect(result.messages[0]).toBe(messages[0]);
    expect(result.messages[2]).toEqual({
      role: 'tool',
      tool_call_id: 'call_0',
      content: 'Rain in Brno',
    });
    expect(result.steps.map(({ number, results }) => [number, results.length])).toEqual([
      [1, 1],
      [2, 1],
      [3, 0],
    ]);
    for (const { completion } of result.steps) {
      expect(completion.report).toMatchObject({ provider: 'deepseek', completion: 'complete' });
      expect(completion.report.attempts).toHaveLength(1);
    }
    expect(result.steps[0]?.results).toEqual([
      {
        tool_call: {
          id: 'call_0',
          type: 'function',
          function: { name: 'weather', arguments: '{"city":"Brno"}' },
        },
        content: 'Rain in Brno',
        durationMs: expect.any(Number) as number,
      },
    ]);
    expect(result.usage).toMatchObject({
      prompt_tokens: 33,
      completion_tokens: 10,
      total_tokens: 43,
      prompt_cache_hit_tokens: 21,
      prompt_cache_miss_tokens: 12,
      prompt_tokens_details: { cached_tokens: 21 },
    });
    // 0.1 + 0.4 + 2.1, 2 + 0.3, 2 + 0.6: of a million.
    expect(result.steps.map(({ completion }) => completion.report.cost?.usd)).toEqual([
      '0.0000026',
      '0.0000023',
      '0.0000026',
    ]);
    expect(result.cost).toEqual({ usd: '0.0000075', source: 'pricing' });
    // Steps keep their own counts.
    expect(result.steps[0]?.completion.report.usage).toMatchObject({ total_tokens: 10 });
    expect(run.messages).toEqual(result.messages);
    expect(run.steps).toEqual(result.steps);
    await expect(run.final()).resolves.toBe(result);
  });

  test("adds a vendor's own figures without a rounding error", async () => {
    const { completions, emulator } = connect({ provider: 'vtrix' });
    const usage = (completion_tokens: number) => ({ prompt_tokens: 1, completion_tokens });
    emulator.reply(
      { ...calling('Brno'), usage: usage(100_000) },
      { ...done, usage: usage(200_000) },
    );
    const { cost } = await completions.runTools({ messages, tools: [weather] }).final();
    expect(cost).toEqual({ usd: '0.3', source: 'provider' });
  });

  test('has no total where a step told none', async () => {
    const { completions, emulator } = connect({ provider: 'bytespike' });
    const choice = { index: 0, delta: { content: 'Done.' }, finish_reason: 'stop' };
    emulator.reply(calling('Brno'), {
      writes: [`data: ${JSON.stringify({ id: 'x', choices: [choice] })}\n\ndata: [DONE]\n\n`],
    });
    const result = await completions.runTools({ messages, tools: [weather] }).final();
    expect(result.steps[0]?.completion.report.usage).toBeDefined();
    expect(result).not.toHaveProperty('usage');
    expect(result).not.toHaveProperty('cost');
  });

  test.each(vendors)('is reached at %s', async (provider) => {
    const { completions, emulator } = connect({ provider });
    emulator.reply(calling('Brno', 'Malmö'), done);
    const result = await completions
      .runTools({ messages, tools: [weather], thinking: { type: 'enabled' } })
      .final();
    expect(result.end).toBe('answered');
    expect(toldResults(emulator.requests[1])).toEqual(['Rain in Brno', 'Rain in Malmö']);
    expect(emulator.requests.flatMap(({ undocumented }) => undocumented)).toEqual([]);
  });
});

describe('the handle', () => {
  test('is no thenable, and sends nothing by itself', async () => {
    const { completions, emulator } = connect();
    const run = completions.runTools({ messages, tools: [weather] });
    expect(run).not.toHaveProperty('then');
    expect(await run).toBe(run);
    const events = run.events();
    await settled();
    expect(emulator.requests).toEqual([]);
    expect(run.messages).toEqual(messages);
    expect(run.steps).toEqual([]);
    await events.next();
    await events.next();
    expect(emulator.requests).toHaveLength(1);
    await events.return?.();
  });

  test('tells its events in order, over all steps', async () => {
    const { completions, emulator } = connect();
    emulator.reply(
      { ...calling('Brno'), reasoning_content: 'A tool.' },
      { ...done, reasoning_content: 'Enough.' },
    );
    const run = completions.runTools({ messages, tools: [weather] });
    const events = await collect(run);
    expect(shortTypes(events).join(' ')).toBe(
      'step.start reasoning.delta tool_call.delta usage tool_call.done finish ' +
        'tool.start tool.result step.done ' +
        'step.start reasoning.delta content.delta usage finish step.done',
    );
    const ofType = <Type extends ToolRunEvent['type']>(type: Type) =>
      events.filter((each): each is Extract<ToolRunEvent, { type: Type }> => each.type === type);
    expect(ofType('step.start').map(({ step }) => step)).toEqual([1, 2]);
    const call = ofType('tool_call.done')[0]?.tool_call;
    expect(ofType('tool.start')).toEqual([
      { type: 'tool.start', step: 1, tool_call: call, args: { city: 'Brno' } },
    ]);
    const { steps } = await run.final();
    expect(ofType('tool.result').map(({ result }) => result)).toEqual(steps[0]?.results);
    expect(ofType('step.done').map(({ step }) => step)).toEqual(steps);
    expect(
      ofType('content.delta')
        .map(({ delta }) => delta)
        .join(''),
    ).toBe('Done.');
  });

  test('gives its events once', async () => {
    const { completions } = connect();
    const run = completions.runTools({ messages, tools: [weather] });
    run.events();
    expect(() => run.events()).toThrow(expect.objectContaining({ code: 'stream_consumed' }));
    const other = completions.runTools({ messages, tools: [weather] });
    const end = other.final();
    expect(() => other.events()).toThrow(expect.objectContaining({ code: 'stream_consumed' }));
    await end;
  });

  test('waits for its end while somebody else reads its events', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const run = completions.runTools({ messages, tools: [weather] });
    const reading = collect(run);
    const { end } = await run.final();
    expect(end).toBe('answered');
    expect((await reading).length).toBeGreaterThan(5);
    expect(emulator.requests).toHaveLength(2);
  });

  test('ends when the loop over it is left, and its tools hear of it', async () => {
    const { completions, emulator } = connect();
    const { stubborn, started } = stubbornTool();
    emulator.reply(calling('Brno'), done);
    const run = completions.runTools({ messages, tools: [stubborn] });
    for await (const event of run.events()) if (event.type === 'tool.start') break;
    const signal = await started;
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'aborted' });
    await expect(run.final()).rejects.toMatchObject({ code: 'aborted' });
    expect(emulator.requests).toHaveLength(1);
  });

  test('ends when the loop is left in the middle of an answer, and closes the request', async () => {
    const { completions, emulator } = connect();
    emulator.reply({ writes: ['data: {"choices":[{"delta":{"content":"a"}}]}\n\n', 'hang'] });
    const run = completions.runTools({ messages, tools: [weather] });
    for await (const event of run.events()) if (event.type === 'content.delta') break;
    await expect(run.final()).rejects.toMatchObject({ code: 'aborted' });
  });

  test('has its result also for whoever leaves at the last event', async () => {
    const { completions } = connect();
    const run = completions.runTools({ messages: [user('Hi')], tools: [], stop: null });
    for await (const event of run.events()) if (event.type === 'step.done') break;
    await expect(run.final()).resolves.toMatchObject({ end: 'answered' });
  });

  test('can be aborted before it has begun, and then sends nothing', async () => {
    const { completions, emulator } = connect();
    const run = completions.runTools({ messages, tools: [weather] });
    run.abort();
    await expect(run.final()).rejects.toMatchObject({ code: 'aborted' });
    const other = completions.runTools({ messages, tools: [weather] });
    other.abort();
    await expect(collect(other)).rejects.toMatchObject({ code: 'aborted' });
    expect(emulator.requests).toEqual([]);
  });

  test('can be aborted while a tool runs that does not listen', async () => {
    const { completions, emulator } = connect();
    const { stubborn, started } = stubbornTool();
    emulator.reply(calling('Brno'), done);
    const run = completions.runTools({ messages, tools: [stubborn] });
    const reading = failureOf(collect(run));
    const signal = await started;
    run.abort();
    run.abort();
    expect(signal.aborted).toBe(true);
    await expect(run.final()).rejects.toMatchObject({ code: 'aborted' });
    expect(await reading).toMatchObject({ code: 'aborted' });
    expect(emulator.requests).toHaveLength(1);
  });

  test('keeps its result when it is aborted afterwards', async () => {
    const { completions } = connect();
    const run = completions.runTools({
      messages: [user('Hi')],
      tools: [weather],
      tool_choice: 'none',
    });
    const result = await run.final();
    run.abort();
    await expect(run.final()).resolves.toBe(result);
  });
});

describe('the totals so far', () => {
  const pricing = { cacheHit: '1', cacheMiss: '1', output: '1' };
  const first = { ...calling('Brno'), usage: { prompt_tokens: 3, completion_tokens: 7 } };
  const second = { ...calling('Malmö'), usage: { prompt_tokens: 10, completion_tokens: 5 } };
  const last = { ...done, usage: { prompt_tokens: 20, completion_tokens: 1 } };
  const tokensOf = ({ usage, cost }: ToolRun) => [usage?.total_tokens, cost?.usd];

  test('grow step by step, and come to those of the result', async () => {
    const { completions, emulator } = connect({ pricing });
    emulator.reply(first, second, last);
    const run = completions.runTools({ messages, tools: [weather] });
    expect([run.usage, run.cost]).toEqual([undefined, undefined]);
    const seen: unknown[] = [];
    for await (const { type } of run.events()) if (type === 'step.done') seen.push(tokensOf(run));
    expect(seen).toEqual([
      [10, '0.00001'],
      [25, '0.000025'],
      [46, '0.000046'],
    ]);
    const { usage, cost } = await run.final();
    expect([run.usage, run.cost]).toEqual([usage, cost]);
  });

  test('are there after the vendor, a tool or the caller has ended the run', async () => {
    const stubborn = weatherThat(() => new Promise<never>(() => {}));
    const failing = weatherThat(() => Promise.reject(new Error('No such city')));
    const ends: [tools: RunToolsParams['tools'], more: Partial<RunToolsParams>, total: unknown][] =
      [
        [[weather], {}, [10, '0.00001']],
        [[failing], { onToolError: 'throw' }, [10, '0.00001']],
        [[stubborn], {}, [10, '0.00001']],
      ];
    for (const [tools, more, total] of ends) {
      const { completions, emulator } = connect({ pricing });
      emulator.reply(first, { error: 'server_error' });
      const run = completions.runTools({ messages, tools, ...more });
      const isStubborn = tools[0] === stubborn;
      const outcome = failureOf(
        (async () => {
          for await (const { type } of run.events()) {
            if (isStubborn && type === 'tool.start') run.abort();
          }
        })(),
      );
      expect(await outcome).toBeDefined();
      expect(tokensOf(run)).toEqual(total);
    }
  });

  test('are not known any more once a step told none', async () => {
    const { completions, emulator } = connect({ provider: 'bytespike', pricing });
    const choice = { index: 0, delta: { content: 'Done.' }, finish_reason: 'stop' };
    emulator.reply(first, {
      writes: [`data: ${JSON.stringify({ id: 'x', choices: [choice] })}\n\ndata: [DONE]\n\n`],
    });
    const run = completions.runTools({ messages, tools: [weather] });
    const seen: unknown[] = [];
    for await (const { type } of run.events()) if (type === 'step.done') seen.push(run.usage);
    expect(seen).toEqual([expect.objectContaining({ total_tokens: 10 }), undefined]);
  });
});

describe('an end from outside', () => {
  test("reaches the running tools, with the signal's reason as its cause", async () => {
    const { completions, emulator } = connect();
    const { stubborn, started } = stubbornTool();
    emulator.reply(calling('Brno'), done);
    const controller = new AbortController();
    const { signal } = controller;
    const run = completions.runTools({ messages, tools: [stubborn] }, { signal });
    const end = failureOf(run.final());
    const heard = await started;
    expect(heard.aborted).toBe(false);
    const reason = new Error('The user went home');
    controller.abort(reason);
    expect(heard.aborted).toBe(true);
    expect(heard.reason).toMatchObject({ code: 'aborted', cause: reason });
    const error = await end;
    expect(error).toMatchObject({ code: 'aborted', cause: reason });
    await expectToGoOn(run.messages);
  });

  test('before the start sends nothing', async () => {
    const { completions, emulator } = connect();
    const reason = new Error('Too late');
    const run = completions.runTools(
      { messages, tools: [weather] },
      { signal: AbortSignal.abort(reason) },
    );
    await expect(run.final()).rejects.toMatchObject({ code: 'aborted', cause: reason });
    expect(emulator.requests).toEqual([]);
  });

  test('in the middle of an answer keeps what had come of it', async () => {
    const { completions, emulator } = connect();
    const controller = new AbortController();
    const { signal } = controller;
    const chunk = { choices: [{ index: 0, delta: { content: 'Half' } }] };
    emulator.reply(calling('Brno'), { writes: [`data: ${JSON.stringify(chunk)}\n\n`, 'hang'] });
    const run = completions.runTools({ messages, tools: [weather] }, { signal });
    const error = await failureOf(
      (async () => {
        for await (const { type } of run.events()) if (type === 'content.delta') controller.abort();
      })(),
    );
    expect(error).toMatchObject({ code: 'aborted' });
    expect(error).toHaveProperty('partial.choices.0.message.content', 'Half');
    expect(error).toHaveProperty('report.attempts.length', 1);
    expect(run.steps).toHaveLength(1);
    await expectToGoOn(run.messages);
  });

  test('is told as a deadline that passes while a tool runs that does not listen', async () => {
    const { completions, emulator } = connect();
    const { stubborn, started } = stubbornTool();
    emulator.reply(calling('Brno', 'Malmö'), done);
    const { run, outcome } = await passDeadline(
      (deadline) => completions.runTools({ messages, tools: [stubborn] }, { deadline }),
      started,
    );
    expect(outcome).toMatchObject({ code: 'deadline_exceeded' });
    expect((await started).reason).toMatchObject({ code: 'deadline_exceeded' });
    expect(emulator.requests).toHaveLength(1);
    await expectToGoOn(run.messages);
  });

  test('is told as a deadline that passes in the middle of a later answer', async () => {
    const { completions, emulator } = connect();
    const asked = deferred();
    emulator.reply(calling('Brno'), {
      fault: (response) => {
        asked.resolve();
        return { ...response, writes: ['hang'] };
      },
    });
    const { run, outcome } = await passDeadline(
      (deadline) => completions.runTools({ messages, tools: [weather] }, { deadline }),
      asked.promise,
    );
    expect(outcome).toMatchObject({ code: 'deadline_exceeded' });
    await expectToGoOn(run.messages);
  });

  test('is told as a deadline that passes while somebody thinks about approving', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const asked = deferred();
    const approve = () => {
      asked.resolve();
      return new Promise<never>(() => {});
    };
    const { run, outcome } = await passDeadline(
      (deadline) => completions.runTools({ messages, tools: [weather], approve }, { deadline }),
      asked.promise,
    );
    expect(outcome).toMatchObject({ code: 'deadline_exceeded' });
    await expectToGoOn(run.messages);
  });

  test('is told as a deadline that passes while arguments are checked', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const asked = deferred();
    const check = () => {
      asked.resolve();
      return new Promise<never>(() => {});
    };
    const slow = tool({
      name: 'weather',
      parameters: z.object({ city: z.string().refine(check) }),
      execute: () => 'never',
    });
    const { outcome } = await passDeadline(
      (deadline) => completions.runTools({ messages, tools: [slow] }, { deadline }),
      asked.promise,
    );
    expect(outcome).toMatchObject({ code: 'deadline_exceeded' });
  });

  test('is told as a deadline that passes while it is decided whether to stop', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const asked = deferred();
    const stopWhen = () => {
      asked.resolve();
      return new Promise<never>(() => {});
    };
    const { outcome } = await passDeadline(
      (deadline) => completions.runTools({ messages, tools: [weather], stopWhen }, { deadline }),
      asked.promise,
    );
    expect(outcome).toMatchObject({ code: 'deadline_exceeded' });
  });

  test('comes with the end of the client', async () => {
    const { completions, client, emulator } = connect();
    const { stubborn, started } = stubbornTool();
    emulator.reply(calling('Brno'), done);
    const end = failureOf(completions.runTools({ messages, tools: [stubborn] }).final());
    await started;
    await client.close();
    expect(await end).toMatchObject({ code: 'aborted' });
  });
});

describe('a conversation that failed in the middle can be sent on', () => {
  test('when the vendor fails', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno', 'Malmö'), { error: 'server_error' });
    const run = completions.runTools({ messages, tools: [weather] });
    await expect(run.final()).rejects.toMatchObject({ code: 'server_error' });
    expect(run.steps).toHaveLength(1);
    expect(run.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool']);
    await expectToGoOn(run.messages);
  });

  test('when the answer is cut off', async () => {
    const { completions, emulator } = connect();
    const start = 'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"half",';
    const piece = '"function":{"name":"weather","arguments":"{}"}}]}}]}\n\n';
    emulator.reply(calling('Brno'), { writes: [start + piece, 'fin'] });
    const run = completions.runTools({ messages, tools: [weather] });
    await expect(run.final()).rejects.toMatchObject({ code: 'stream_interrupted' });
    await expectToGoOn(run.messages);
  });

  test('when a tool fails that ends the run, with what the others had done by then', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno', 'bad', 'Malmö', 'Turku'), done);
    const turku = deferred();
    const failing = weatherThat(async ({ city }) => {
      if (city === 'Brno') return 'Rain';
      if (city === 'Turku') turku.resolve();
      if (city !== 'bad') return new Promise<never>(() => {});
      await turku.promise;
      throw new TypeError('No such city');
    });
    const run = completions.runTools({ messages, tools: [failing], onToolError: 'throw' });
    const error = await failureOf(run.final());
    expect(error).toBeInstanceOf(TypeError);
    expect(run.messages).toHaveLength(6);
    const [first, ...others] = run.messages.slice(2).map(({ content }) => content);
    expect(first).toBe('Rain');
    expect(others).toEqual([
      '{"error":"No such city"}',
      expect.stringContaining('is not known') as string,
      expect.stringContaining('is not known') as string,
    ]);
    expect(run.steps[0]?.results.map(({ failure }) => failure)).toEqual([
      undefined,
      'tool_error',
      'interrupted',
      'interrupted',
    ]);
    expect(run.steps[0]?.results[1]?.error).toBe(error);
    await expectToGoOn(run.messages);
  });

  test('when whoever approves fails', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno', 'Malmö'), done);
    const approve = () => Promise.reject(new Error('No terminal'));
    const run = completions.runTools({ messages, tools: [weather], approve });
    await expect(run.final()).rejects.toThrow('No terminal');
    await expectToGoOn(run.messages);
  });

  test('when it is aborted, as soon as that is known', async () => {
    const { completions, emulator } = connect();
    const { stubborn, started } = stubbornTool();
    emulator.reply(calling('Brno', 'Malmö'), done);
    const run = completions.runTools({ messages, tools: [stubborn] });
    const end = failureOf(run.final());
    await started;
    run.abort();
    expect(await end).toMatchObject({ code: 'aborted' });
    await expectToGoOn(run.messages);
  });

  test('when it is aborted, a moment later', async () => {
    const { completions, emulator } = connect();
    const { stubborn, started } = stubbornTool();
    emulator.reply(calling('Brno', 'Malmö'), done);
    const run = completions.runTools({ messages, tools: [stubborn] });
    const end = failureOf(run.final());
    await started;
    run.abort();
    await end;
    await settled();
    await expectToGoOn(run.messages);
  });

  test.each(['tool.start', 'tool.result', 'tool_call.done', 'step.done'] as const)(
    'when the loop over its events is left at %s, as soon as that is done',
    async (last) => {
      const { completions, emulator } = connect();
      emulator.reply(calling('Brno', 'Malmö', 'Turku'), done);
      const run = completions.runTools({ messages, tools: [weather], concurrency: 1 });
      for await (const { type } of run.events()) if (type === last) break;
      await expectToGoOn(run.messages);
    },
  );

  test.each(['tool.start', 'tool.result'] as const)(
    'when the loop over its events is left at %s, a moment later',
    async (last) => {
      const { completions, emulator } = connect();
      emulator.reply(calling('Brno', 'Malmö', 'Turku'), done);
      const run = completions.runTools({ messages, tools: [weather], concurrency: 1 });
      for await (const { type } of run.events()) if (type === last) break;
      await settled();
      await expectToGoOn(run.messages);
      expect(emulator.requests).toHaveLength(1);
    },
  );

  test('when the model calls a custom tool, which nobody offered', async () => {
    const { completions, emulator } = connect();
    const custom = { name: 'weather', input: 'Brno' };
    const delta = { tool_calls: [{ index: 0, id: 'call_0', type: 'custom', custom }] };
    const chunk = { choices: [{ index: 0, delta, finish_reason: 'tool_calls' }] };
    emulator.reply({ writes: [`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`] }, done);
    const run = completions.runTools({ messages, tools: [weather] });
    await failureOf(run.final());
    await expectToGoOn(run.messages);
  });

  test('after it was over, and nothing is added to it then', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('bad', 'Brno', 'Malmö'), done);
    const late = deferred<string>();
    const failing = weatherThat(({ city }) => {
      if (city === 'bad') throw new Error('No such city');
      return late.promise;
    });
    const run = completions.runTools({ messages, tools: [failing], onToolError: 'throw' });
    await expect(run.final()).rejects.toThrow('No such city');
    const told = JSON.stringify([run.messages, run.steps]);
    late.resolve('Rain after all');
    await settled();
    expect(JSON.stringify([run.messages, run.steps])).toBe(told);
  });
});

describe('calls of one answer', () => {
  test('overlap, and are told in their own order however they finish', async () => {
    const { completions, emulator } = connect();
    const cities = ['A', 'B', 'C', 'D'];
    emulator.reply(calling(...cities), done);
    const ends = cities.map(() => deferred());
    const finished: string[] = [];
    const chained = weatherThat(async ({ city }) => {
      const position = cities.indexOf(city);
      // Each waits for the one after it: only if all run at once, any comes to its end.
      await ends[position + 1]?.promise;
      finished.push(city);
      ends[position]?.resolve();
      return `Rain in ${city}`;
    });
    const run = completions.runTools({ messages, tools: [chained] });
    const events = await collect(run);
    expect(finished).toEqual(cities.toReversed());
    const told = events.flatMap((each) =>
      each.type === 'tool.result' ? [each.result.content] : [],
    );
    const inOrder = cities.map((city) => `Rain in ${city}`);
    expect(told).toEqual(inOrder.toReversed());
    const { steps, messages: all } = await run.final();
    expect(steps[0]?.results.map(({ content }) => content)).toEqual(inOrder);
    expect(all.slice(2, 6).map(({ content }) => content)).toEqual(inOrder);
    expect(toldResults(emulator.requests[1])).toEqual(inOrder);
  });

  test.each([
    [1, 6, 1],
    [2, 6, 2],
    [6, 3, 3],
    [undefined, 12, 8],
  ])('with a concurrency of %s and %s calls, %s run at once', async (concurrency, count, most) => {
    const { completions, emulator } = connect();
    emulator.reply(calling(...Array.from({ length: count }, (_, index) => `${index}`)), done);
    let running = 0;
    let highest = 0;
    const counting = weatherThat(async () => {
      highest = Math.max(highest, ++running);
      await settled();
      running--;
    });
    await completions.runTools({ messages, tools: [counting], concurrency }).final();
    expect(highest).toBe(most);
    expect(toldResults(emulator.requests[1])).toHaveLength(count);
  });

  /** What Node warned of while thirty calls ran at once. */
  async function warningsOfThirty(execute: (scope: ToolScope) => Promise<void>) {
    const { completions, emulator } = connect();
    const { mock, mockClear } = vi.mocked(process.emitWarning);
    mockClear();
    emulator.reply(calling(...Array.from({ length: 30 }, (_, index) => `${index}`)), done);
    const { signal } = new AbortController();
    const tools = [weatherThat((_args, scope) => execute(scope))];
    const run = completions.runTools({ messages, tools, concurrency: 30 }, { signal });
    await run.final();
    await settled();
    const warnings = mock.calls.flat().map(String);
    mockClear();
    return warnings;
  }

  test('may be thirty, without too many listeners on anything', async () => {
    expect(await warningsOfThirty(settled)).toEqual([]);
  });

  test('may be thirty that listen to their signals, without a warning of a leak', async () => {
    const warnings = await warningsOfThirty(async ({ signal }) => {
      const stop = (): void => {};
      signal.addEventListener('abort', stop);
      await settled();
      signal.removeEventListener('abort', stop);
    });
    expect(warnings).toEqual([]);
  });

  test('have signals that a normal end leaves alone, so that what they began may go on', async () => {
    for (const ends of [{}, { maxSteps: 1 }, { stopWhen: () => true }]) {
      const { completions, emulator } = connect();
      emulator.reply(calling('Brno', 'Malmö'), done);
      const signals: ToolScope['signal'][] = [];
      const heard = vi.fn();
      const watching = weatherThat((_args, { signal }) => {
        signal.addEventListener('abort', heard);
        signals.push(signal);
      });
      const controller = new AbortController();
      const run = completions.runTools(
        { messages, tools: [watching], ...ends },
        { signal: controller.signal },
      );
      await run.final();
      run.abort();
      controller.abort();
      await settled();
      expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
      expect(heard).not.toBeCalled();
    }
  });

  test('pass the call, its step and the context on', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), calling('Malmö'), done);
    const scopes: ToolScope[] = [];
    const watching = weatherThat((_args, scope) => void scopes.push(scope));
    const context = { user: 'ada' };
    await completions.runTools({ messages, tools: [watching], context }).final();
    expect(scopes.map(({ step, call }) => [step, call.function.arguments])).toEqual([
      [1, '{"city":"Brno"}'],
      [2, '{"city":"Malmö"}'],
    ]);
    for (const scope of scopes) {
      expect(scope.context).toBe(context);
      expect(scope.signal.aborted).toBe(false);
    }
  });

  test.each(['length', 'content_filter', 'insufficient_system_resource', 'aborted', 'error'])(
    'are not run where the answer ended with %s, not even whole ones, and the run is cut off',
    async (finish_reason) => {
      const half = { id: 'half', name: 'weather', arguments: '{"city":"Mal' };
      for (const more of [[], [half]]) {
        const { completions, emulator } = connect();
        const { tool_calls } = calling('Brno', 'Turku');
        emulator.reply({ tool_calls: [...tool_calls, ...more], finish_reason }, done);
        const execute = vi.fn(() => 'Rain');
        const approve = vi.fn(() => true);
        const stopWhen = vi.fn(() => false);
        const tools = [weatherThat(execute)];
        const run = completions.runTools({ messages, tools, approve, stopWhen });
        const events = await collect(run);
        const result = await run.final();
        expect(result.end).toBe('cut_off');
        for (const callback of [execute, approve, stopWhen]) expect(callback).not.toBeCalled();
        expect(shortTypes(events).filter((type) => type.startsWith('tool.'))).toEqual([]);
        expect(shortTypes(events).at(-1)).toBe('step.done');
        expect(result.completion.choices[0].finish_reason).toBe(finish_reason);
        expect(emulator.requests).toHaveLength(1);
        expect(result.steps).toHaveLength(1);
        const results = result.steps[0]?.results ?? [];
        expect(results.map(({ tool_call, failure }) => [tool_call.id, failure])).toEqual([
          ['call_0', 'not_run'],
          ['call_1', 'not_run'],
        ]);
        for (const { content, durationMs } of results) {
          expect(content).toMatch(/^\{"error":".*was not run.*"\}$/);
          expect(durationMs).toBe(0);
        }
        expect(result.messages.map(({ role }) => role)).toEqual(
          'user assistant tool tool'.split(' '),
        );
        expect(result.messages.slice(2).map(({ content }) => content)).toEqual(
          results.map(({ content }) => content),
        );
        expect(JSON.stringify(result.messages)).not.toContain('half');
        await expectToGoOn(result.messages);
      }
    },
  );
});

describe('a call whose arguments are no JSON, in a whole answer,', () => {
  const unreadable = (text: string, id = 'bad') => ({ id, name: 'weather', arguments: text });
  const texts: [what: string, text: string][] = [
    ['a key that is not closed', '{"s: "A"}'],
    ['fences around them', '```json\n{"city":"Brno"}\n```'],
    ['an end that is missing', '{"city":"Br'],
    ['two objects', '{"city":"Brno"}{"city":"Brno"}'],
    ['a bare word', 'Brno'],
    ['a text', '"Brno"'],
  ];

  describe.each(texts)('with %s', (_what, text) => {
    test.each(['tool_calls', 'stop'])(
      'is told to the model, which is asked again, where the answer ended with %s',
      async (finish_reason) => {
        const { completions, emulator } = connect();
        emulator.reply({ tool_calls: [unreadable(text)], finish_reason }, calling('Malmö'), done);
        const cities: string[] = [];
        const watching = weatherThat(({ city }) => void cities.push(city));
        const {
          end,
          steps,
          messages: all,
        } = await completions.runTools({ messages, tools: [watching] }).final();
        expect(end).toBe('answered');
        expect(cities).toEqual(['Malmö']);
        expect(steps.map(({ results }) => results.length)).toEqual([0, 1, 0]);
        expect(steps[0]?.completion.report.issues.map(({ code }) => code)).toContain(
          'incomplete_tool_call',
        );
        expect(steps[0]?.completion.choices[0].message.tool_calls).toBeUndefined();
        expect(emulator.requests).toHaveLength(3);
        const told = wireMessages(emulator.requests[1] as EmulatorRequest);
        expect(told.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
        expect(told.at(-1)?.content).toMatch(/not run.*no JSON object/);
        // Said once, where it belongs.
        expect(all.map(({ role }) => role).join(' ')).toBe(
          'user assistant user assistant tool assistant',
        );
        await expectToGoOn(all);
      },
    );
  });

  test.each(vendors)('is told to the model at %s, and the vendor takes it', async (provider) => {
    const { completions, emulator } = connect({ provider });
    emulator.reply({ tool_calls: [unreadable('{"s: "A"}')] }, done);
    const { end } = await completions.runTools({ messages, tools: [weather] }).final();
    expect(end).toBe('answered');
    expect(emulator.requests).toHaveLength(2);
    expect(emulator.requests.flatMap(({ undocumented }) => undocumented)).toEqual([]);
  });

  test('does not keep a whole one beside it from running', async () => {
    for (const isFirst of [true, false]) {
      const { completions, emulator } = connect();
      const good = calling('Brno').tool_calls;
      const bad = unreadable('{"s: "A"}');
      emulator.reply({ tool_calls: isFirst ? [bad, ...good] : [...good, bad] }, done);
      const run = completions.runTools({ messages, tools: [weather] });
      const { end, steps, messages: all } = await run.final();
      expect(end).toBe('answered');
      expect(steps[0]?.results).toMatchObject([
        { tool_call: { id: 'call_0' }, content: 'Rain in Brno' },
      ]);
      expect(steps[0]?.results[0]).not.toHaveProperty('failure');
      // The answers of the calls come first: vendors want them right behind the calls.
      expect(all.map(({ role }) => role).join(' ')).toBe('user assistant tool user assistant');
      expect(JSON.stringify(all)).not.toContain('"bad"');
      await expectToGoOn(all);
    }
  });

  test('is never run, and nobody is asked about it', async () => {
    const { completions, emulator } = connect();
    emulator.reply({ tool_calls: [unreadable('{"s: "A"}')] }, done);
    const [execute, approve] = [vi.fn(() => 'Rain'), vi.fn(() => true)];
    const run = completions.runTools({ messages, tools: [weatherThat(execute)], approve });
    const events = await collect(run);
    expect(execute).not.toBeCalled();
    expect(approve).not.toBeCalled();
    expect(events.filter(({ type }) => type.startsWith('tool.'))).toEqual([]);
  });

  test('counts as a step, so that a model that never learns comes to an end', async () => {
    for (const [maxSteps, count] of [
      [1, 1],
      [3, 3],
      [undefined, 10],
    ] as const) {
      const answer = () => ({ tool_calls: [unreadable('{"s: "A"}')] });
      const { completions, emulator } = connect({}, { answer });
      const result = await completions.runTools({ messages, tools: [weather], maxSteps }).final();
      expect(result.end).toBe('max_steps');
      expect(result.steps).toHaveLength(count);
      expect(emulator.requests).toHaveLength(count);
      await expectToGoOn(result.messages);
    }
  });

  test('is of no concern where it was in an answer that was all thinking, which was recovered', async () => {
    const { completions, emulator } = connect();
    emulator.reply(
      {
        reasoning_content: 'Hm, hm',
        content: '',
        tool_calls: [unreadable('{"city":"Br')],
        finish_reason: 'length',
      },
      done,
    );
    const {
      end,
      steps,
      messages: all,
    } = await completions
      .runTools({ messages, tools: [weather] }, { onReasoningExhausted: 'disable' })
      .final();
    expect(end).toBe('answered');
    expect(steps).toHaveLength(1);
    expect(emulator.requests).toHaveLength(2);
    expect(all.map(({ role }) => role)).toEqual(['user', 'assistant']);
  });
});

describe('the results of a step, one for each call,', () => {
  const failuresOf = ({ steps }: ToolRun) => steps.at(-1)?.results.map(({ failure }) => failure);

  /** The messages say what the results say, and nothing that comes later changes either. */
  async function expectToStay(run: ToolRun, later: () => void): Promise<void> {
    const results = run.steps.at(-1)?.results ?? [];
    const calls = run.steps.at(-1)?.completion.choices[0].message.tool_calls ?? [];
    expect(results.map(({ tool_call }) => tool_call)).toEqual(calls);
    expect(run.messages.slice(-results.length)).toEqual(
      results.map(({ tool_call, content }) => ({
        role: 'tool',
        tool_call_id: tool_call.id,
        content,
      })),
    );
    const told = JSON.stringify([run.messages, run.steps]);
    later();
    await settled();
    expect(JSON.stringify([run.messages, run.steps])).toBe(told);
    await expectToGoOn(run.messages);
  }

  /** `A` is done at once, `bad` fails when it may, the others wait for ever, or until they are let go. */
  function waitingTool() {
    const [late, mayFail, isWaiting] = [deferred<string>(), deferred(), deferred()];
    const waiting = weatherThat(async ({ city }) => {
      if (city === 'A') return 'Rain';
      if (city === 'bad') {
        await mayFail.promise;
        throw new RangeError('No such city');
      }
      isWaiting.resolve();
      return late.promise;
    });
    return { waiting, late, mayFail, isWaiting: isWaiting.promise };
  }

  const begun = ['A', 'B', 'C', 'D'];
  const told = [undefined, 'interrupted', 'interrupted', 'not_run'];

  test('tell after an abort what was running, and what had not begun', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling(...begun), done);
    const { waiting, late, isWaiting } = waitingTool();
    const run = completions.runTools({ messages, tools: [waiting], concurrency: 2 });
    const end = failureOf(run.final());
    await isWaiting;
    await settled();
    run.abort();
    expect(await end).toMatchObject({ code: 'aborted' });
    expect(failuresOf(run)).toEqual(told);
    const [first, second, , last] = run.steps[0]?.results ?? [];
    expect(first?.content).toBe('Rain');
    expect(second?.content).toMatch(/effect is not known/);
    expect(last?.content).toMatch(/was not run/);
    expect(last?.durationMs).toBe(0);
    await expectToStay(run, () => late.resolve('Rain after all'));
  });

  test('tell the same after an abort of the signal, and when a late call fails', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling(...begun), done);
    const { waiting, late, isWaiting } = waitingTool();
    const controller = new AbortController();
    const { signal } = controller;
    const run = completions.runTools({ messages, tools: [waiting], concurrency: 2 }, { signal });
    const end = failureOf(run.final());
    await isWaiting;
    await settled();
    controller.abort();
    expect(await end).toMatchObject({ code: 'aborted' });
    expect(failuresOf(run)).toEqual(told);
    await expectToStay(run, () => late.reject(new Error('Too late')));
  });

  test('tell the same after a deadline', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling(...begun), done);
    const { waiting, late, isWaiting } = waitingTool();
    const { run, outcome } = await passDeadline(
      (deadline) =>
        completions.runTools({ messages, tools: [waiting], concurrency: 2 }, { deadline }),
      isWaiting,
    );
    expect(outcome).toMatchObject({ code: 'deadline_exceeded' });
    expect(failuresOf(run)).toEqual(told);
    await expectToStay(run, () => late.resolve('Rain after all'));
  });

  test('tell the same after the loop was left', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling(...begun), done);
    const { waiting, late } = waitingTool();
    const run = completions.runTools({ messages, tools: [waiting], concurrency: 2 });
    let starts = 0;
    for await (const { type } of run.events()) if (type === 'tool.start' && ++starts === 3) break;
    expect(failuresOf(run)).toEqual(told);
    await expectToStay(run, () => late.resolve('Rain after all'));
  });

  test('tell after a failure of a tool, where that ends the run, which one it was', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('A', 'bad', 'C', 'D'), done);
    const { waiting, late, mayFail, isWaiting } = waitingTool();
    const run = completions.runTools({
      messages,
      tools: [waiting],
      concurrency: 2,
      onToolError: 'throw',
    });
    const end = failureOf(run.final());
    await isWaiting;
    mayFail.resolve();
    const error = await end;
    expect(error).toBeInstanceOf(RangeError);
    expect(failuresOf(run)).toEqual([undefined, 'tool_error', 'interrupted', 'not_run']);
    const [, failed] = run.steps[0]?.results ?? [];
    expect(failed?.error).toBe(error);
    expect(failed?.content).toBe('{"error":"No such city"}');
    await expectToStay(run, () => late.resolve('Rain after all'));
  });

  test('tell after a failure of a callback that its call, and those behind it, were not run', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('A', 'B', 'C'), done);
    const { waiting, late } = waitingTool();
    const reason = new Error('No terminal');
    const approve = (_call: unknown, args: unknown) => {
      if ((args as { city: string }).city === 'B') throw reason;
      return true;
    };
    const run = completions.runTools({ messages, tools: [waiting], approve, concurrency: 1 });
    expect(await failureOf(run.final())).toBe(reason);
    expect(failuresOf(run)).toEqual([undefined, 'not_run', 'not_run']);
    await expectToStay(run, () => late.resolve('Rain after all'));
  });

  test('tell of a call that waits for leave that it was not run', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('A', 'B'), done);
    const [isAsked, leave] = [deferred(), deferred<boolean>()];
    const execute = vi.fn(() => 'Rain');
    const approve = () => {
      isAsked.resolve();
      return leave.promise;
    };
    const run = completions.runTools({ messages, tools: [weatherThat(execute)], approve });
    const end = failureOf(run.final());
    await isAsked.promise;
    run.abort();
    await end;
    expect(failuresOf(run)).toEqual(['not_run', 'not_run']);
    await expectToStay(run, () => leave.resolve(true));
    expect(execute).not.toBeCalled();
  });
});

describe('arguments', () => {
  test('that do not fit are told to the model with their paths, and the corrected call runs', async () => {
    const { completions, emulator } = connect();
    const ran: unknown[] = [];
    const trip = tool({
      name: 'trip',
      parameters: z.object({
        from: z.object({ city: z.string() }),
        days: z.array(z.number().int()),
      }),
      execute: (args) => void ran.push(args),
    });
    const good = { from: { city: 'Brno' }, days: [1, 2] };
    const calls = [{ from: { city: 7 }, days: [1, 'two'] }, [], good];
    emulator.reply(
      {
        tool_calls: calls
          .slice(0, 2)
          .map((args, at) => ({ id: `c${at}`, name: 'trip', arguments: args })),
      },
      { tool_calls: [{ id: 'c2', name: 'trip', arguments: good }] },
      done,
    );
    // Not for the caller to hear of, also where failures of tools are.
    const { steps, end } = await completions
      .runTools({ messages, tools: [trip], onToolError: 'throw' })
      .final();
    expect(end).toBe('answered');
    expect(ran).toEqual([good]);
    expect(steps[0]?.results.map(({ failure }) => failure)).toEqual([
      'invalid_arguments',
      'invalid_arguments',
    ]);
    const [told] = toldResults(emulator.requests[1]);
    const { error, issues } = JSON.parse(told as string) as { error: string; issues: string[] };
    expect(error).toMatch(/do not fit/);
    expect(issues.map((issue) => issue.split(':')[0])).toEqual(['from.city', 'days.1']);
    expect(steps[1]?.results[0]).not.toHaveProperty('failure');
  });

  // zod leaves a rejected promise behind here, so this schema is made by hand.
  const broken = (reason: Error) =>
    tool({
      name: 'weather',
      parameters: {
        schema: {
          '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(reason) },
        },
        jsonSchema: { type: 'object', properties: { city: { type: 'string' } } },
      },
      execute: () => 'Rain',
    });

  test('whose check fails by itself are a failure of the tool', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const reason = new Error('No database');
    const { steps } = await completions.runTools({ messages, tools: [broken(reason)] }).final();
    expect(steps[0]?.results[0]).toMatchObject({
      failure: 'tool_error',
      error: { code: 'invalid_output', cause: reason },
    });
  });

  test('whose check fails by itself end the run where failures do, and it can be sent on', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno', 'Malmö'), done);
    const reason = new Error('No database');
    const tools = [broken(reason)];
    const run = completions.runTools({ messages, tools, onToolError: 'throw' });
    expect(await failureOf(run.final())).toMatchObject({ code: 'invalid_output', cause: reason });
    await expectToGoOn(run.messages);
  });

  test('are checked by asynchronous schemas too', async () => {
    const { completions, emulator } = connect();
    const ran: string[] = [];
    const known = tool({
      name: 'weather',
      parameters: z.object({
        city: z.string().refine(async (city) => {
          await settled();
          return city === 'Brno';
        }, 'is not known'),
      }),
      execute: ({ city }) => void ran.push(city),
    });
    emulator.reply(calling('Brno', 'Atlantis'), done);
    await completions.runTools({ messages, tools: [known] }).final();
    expect(ran).toEqual(['Brno']);
    expect(toldResults(emulator.requests[1])[1]).toContain('city: is not known');
  });

  test('reach the tool as the schema makes them; the model is asked for their other form', async () => {
    const { completions, emulator } = connect();
    const seen: unknown[] = [];
    const dated = tool({
      name: 'weather',
      parameters: z.object({
        city: z.string().transform((city) => ({ upper: city.toUpperCase() })),
        days: z.number().default(3),
        on: z
          .string()
          .transform((text) => new Date(text))
          .optional(),
      }),
      execute: (args, { call }) => void seen.push(args, call.function.arguments),
    });
    emulator.reply(
      { tool_calls: [{ name: 'weather', arguments: { city: 'Brno', on: '2026-11-20' } }] },
      done,
    );
    const approve = (_call: unknown, args: unknown) => {
      seen.push(args);
      return true;
    };
    await completions.runTools({ messages, tools: [dated], approve }).final();
    const args = { city: { upper: 'BRNO' }, days: 3, on: new Date('2026-11-20') };
    expect(seen).toEqual([args, args, '{"city":"Brno","on":"2026-11-20"}']);
    const [wire] = bodyOf(emulator.requests[0]).tools ?? [];
    expect(wire?.function?.parameters).toMatchObject({
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'number' }, on: { type: 'string' } },
      required: ['city'],
    });
    expect(JSON.stringify(wire)).not.toContain('$schema');
    // What goes back is what the model wrote.
    const [, assistant] = wireMessages(emulator.requests[1] as EmulatorRequest);
    expect(assistant?.tool_calls?.[0]?.function?.arguments).toBe(
      '{"city":"Brno","on":"2026-11-20"}',
    );
  });

  test('that are named like a prototype pollute nothing', async () => {
    const { completions, emulator } = connect();
    const seen: object[] = [];
    const text =
      '{"city":"Brno","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    const call = (id: string, name: string) => ({ id, name, arguments: text });
    emulator.reply(
      { tool_calls: [call('a', 'loose'), call('b', 'weather'), call('c', '__proto__')] },
      { tool_calls: [{ id: 'd', name: 'constructor', arguments: '{"__proto__":null}' }] },
      done,
    );
    const loose = tool({
      name: 'loose',
      parameters: z.looseObject({ city: z.string() }),
      execute: (args) => void seen.push(args),
    });
    const plain = weatherThat((args) => void seen.push(args));
    const { end } = await completions.runTools({ messages, tools: [loose, plain] }).final();
    expect(end).toBe('answered');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(seen).toHaveLength(2);
    for (const args of seen) expect((args as { polluted?: boolean }).polluted).toBeUndefined();
    const [, assistant] = wireMessages(emulator.requests[1] as EmulatorRequest);
    expect(assistant?.tool_calls?.[0]?.function?.arguments).toBe(text);
  });
});

describe('a tool', () => {
  test('that is not there is told to the model, with those that are', async () => {
    const { completions, emulator } = connect();
    emulator.reply({ tool_calls: [{ id: 'x', name: 'tides', arguments: {} }] }, done);
    const { steps } = await completions.runTools({ messages, tools: [weather] }).final();
    expect(steps[0]?.results[0]).toMatchObject({ failure: 'unknown_tool', durationMs: 0 });
    expect(toldResults(emulator.requests[1])[0]).toMatch(/no such tool.*weather/i);
  });

  test.each([
    ['in between', () => Promise.reject(new RangeError('Out of range'))],
    [
      'at once',
      () => {
        throw new RangeError('Out of range');
      },
    ],
  ])('that fails %s is told to the model, and the run goes on', async (_when, execute) => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno', 'Malmö'), done);
    const { steps, end } = await completions
      .runTools({ messages, tools: [weatherThat<string>(execute)] })
      .final();
    expect(end).toBe('answered');
    const [result] = steps[0]?.results ?? [];
    expect(result).toMatchObject({ failure: 'tool_error', content: '{"error":"Out of range"}' });
    expect(result?.error).toBeInstanceOf(RangeError);
    expect(toldResults(emulator.requests[1])).toEqual([result?.content, result?.content]);
  });

  test('that fails ends the run with what it threw, if that is wanted', async () => {
    for (const thrown of [new RangeError('Out of range'), 'a text', undefined, { code: 7 }]) {
      const { completions, emulator } = connect();
      emulator.reply(calling('Brno'), done);
      const failing = weatherThat(() => Promise.reject(thrown as Error));
      const run = completions.runTools({ messages, tools: [failing], onToolError: 'throw' });
      const outcome = await run.final().then(
        () => 'no failure',
        (error: unknown) => ({ error }),
      );
      expect(outcome).toEqual({ error: thrown });
      expect(emulator.requests).toHaveLength(1);
    }
  });

  test.each([
    ['a text', 'No'],
    ['undefined', undefined],
    ['null', null],
    ['a BigInt', 7n],
    ['a symbol', Symbol('odd')],
    ['an object without a prototype', Object.create(null) as object],
  ])('may throw %s', async (_name, thrown) => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const failing = weatherThat(() => Promise.reject(thrown as Error));
    const { steps } = await completions.runTools({ messages, tools: [failing] }).final();
    expect(steps[0]?.results[0]).toMatchObject({ failure: 'tool_error' });
    expect(steps[0]?.results[0]?.error).toBe(thrown);
    expect(emulator.requests).toHaveLength(2);
  });

  const circular: Record<string, unknown> = { city: 'Brno' };
  circular.self = circular;

  test.each<[string, unknown, string]>([
    ['a text', 'Rain "now"', 'Rain "now"'],
    ['an empty text', '', ''],
    ['an object', { rain: true, mm: [1, 2.5] }, '{"rain":true,"mm":[1,2.5]}'],
    ['nothing', undefined, 'null'],
    ['null', null, 'null'],
    ['a number', 7, '7'],
    ['false', false, 'false'],
    ['a function', () => 7, 'null'],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
  ])('that gives %s has it told', async (_name, value, content) => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const { steps } = await completions
      .runTools({ messages, tools: [weatherThat(() => value)] })
      .final();
    expect(toldResults(emulator.requests[1])).toEqual([content]);
    expect(steps[0]?.results[0]).not.toHaveProperty('failure');
  });

  test.each<[string, unknown]>([
    ['a BigInt', { mm: 12n }],
    ['a circle', circular],
  ])('that gives %s has failed, and the model is told so', async (_name, value) => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), calling('Brno'), done);
    const tools = [weatherThat(() => value)];
    const { steps } = await completions.runTools({ messages, tools }).final();
    expect(steps[0]?.results[0]).toMatchObject({ failure: 'tool_error' });
    expect(toldResults(emulator.requests[1])[0]).toMatch(/^\{"error":".*JSON.*"\}$/);
    emulator.reply(calling('Brno'));
    const run = completions.runTools({ messages, tools, onToolError: 'throw' });
    await expect(run.final()).rejects.toSatisfy((error) => isChatError(error));
  });

  test('is offered by create as any other', async () => {
    const { completions, emulator } = connect();
    const described = tool({
      name: 'weather',
      description: 'The weather',
      parameters: z.object({ city: z.string() }),
      execute: () => '',
    });
    const { choices } = await completions.create({ messages, tools: [described] });
    expect(choices[0].message.tool_calls).toHaveLength(1);
    const wire = {
      type: 'function',
      function: {
        name: 'weather',
        description: 'The weather',
        parameters: {
          type: 'object',
          properties: { city: { type: 'string' } },
          required: ['city'],
        },
      },
    };
    expect(bodyOf(emulator.requests[0]).tools).toMatchObject([wire]);
    expect(JSON.parse(JSON.stringify(described))).toMatchObject(wire);
    expect(Object.keys(described)).toEqual(['type', 'function']);
    const prepared = completions.prepare({ messages, tools: [described], stream: true });
    expect(JSON.stringify(prepared.body)).not.toContain('execute');
  });

  test('may be strict, where the vendor has that', async () => {
    const strict = tool({
      name: 'weather',
      parameters: z.object({ city: z.string() }),
      strict: true,
      execute: () => 'Rain',
    });
    const wired = async (provider: (typeof vendors)[number]) => {
      const { completions, emulator } = connect({ provider });
      emulator.reply(calling('Brno'), done);
      const { end } = await completions.runTools({ messages, tools: [strict] }).final();
      expect(end).toBe('answered');
      return emulator.requests.map(({ path, body }) => [path, body?.tools?.[0]?.function?.strict]);
    };
    const beta = ['/beta/chat/completions', true];
    expect(await wired('deepseek')).toEqual([beta, beta]);
    expect((await wired('aimlapi')).map(([, isStrict]) => isStrict)).toEqual([true, true]);
    expect((await wired('anyfast')).map(([, isStrict]) => isStrict)).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('that is strict is closed on the wire, at every depth, and nothing else of it is changed', () => {
    const parameters = z.object({
      city: z.string().describe('Where'),
      from: z.object({ at: z.object({ lat: z.number() }) }),
      stops: z.array(z.object({ name: z.string(), note: z.string().nullable() })),
      by: z.union([z.object({ train: z.string() }), z.object({ car: z.string() })]),
      nothing: z.object({}),
    });
    const make = (strict: boolean) =>
      tool({ name: 'trip', parameters, strict, execute: () => '' }).function.parameters;
    /** How many objects of a schema are closed; takes that away from them. */
    const open = (schema: unknown): number => {
      if (typeof schema !== 'object' || schema === null) return 0;
      const { additionalProperties, type, properties, items, anyOf } = schema as Record<
        string,
        unknown
      >;
      delete (schema as Record<string, unknown>).additionalProperties;
      expect(additionalProperties).toBe(type === 'object' ? false : undefined);
      const inner = [...Object.values(properties ?? {}), items, ...((anyOf ?? []) as unknown[])];
      return inner.reduce<number>((sum, each) => sum + open(each), type === 'object' ? 1 : 0);
    };
    const strict = structuredClone(make(true));
    expect(open(strict)).toBe(7);
    expect(strict).toEqual(make(false));
  });

  test('that is strict may have a field that is called like a word of schemas', () => {
    const parameters = z.object({ properties: z.object({ items: z.string() }) });
    const strict = tool({ name: 'trip', parameters, strict: true, execute: () => '' });
    expect(strict.function.parameters).toEqual({
      type: 'object',
      properties: {
        properties: {
          type: 'object',
          properties: { items: { type: 'string' } },
          required: ['items'],
          additionalProperties: false,
        },
      },
      required: ['properties'],
      additionalProperties: false,
    });
  });

  test.each<[string, OutputSchema]>([
    ['objects that hold themselves', recursiveList()],
    ['an object of any key', z.object({ loose: z.looseObject({ a: z.string() }) })],
    ['a record', z.object({ all: z.record(z.string(), z.string()) })],
    [
      'an object of no fields',
      {
        schema: z.object({ any: z.unknown() }),
        jsonSchema: { type: 'object', properties: { any: { type: 'object' } }, required: ['any'] },
      },
    ],
  ])('that is strict is closed or refused, but never open, with %s', (_what, parameters) => {
    const open: unknown[] = [];
    try {
      const strict = tool({ name: 'trip', parameters, strict: true, execute: () => '' });
      JSON.stringify(strict.function.parameters, (_key, value: unknown) => {
        const node = value as { type?: unknown; additionalProperties?: unknown } | null;
        if (typeof node === 'object' && node?.type === 'object') {
          if (node.additionalProperties !== false) open.push(node);
        }
        return value;
      });
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_request' });
    }
    expect(open).toEqual([]);
  });

  function recursiveList() {
    const comment = z.object({
      by: z.string(),
      get replies() {
        return z.array(comment);
      },
    });
    return z.object({ top: comment });
  }

  const reply = z.object({
    by: z.string(),
    get parent() {
      return z.optional(reply);
    },
  });

  test.each<[string, z.ZodObject, string[]]>([
    ['an optional field', z.object({ city: z.string(), days: z.number().optional() }), ['days']],
    ['a field with a default', z.object({ days: z.number().default(3) }), ['days']],
    [
      'two optional fields',
      z.object({ a: z.string().optional(), b: z.string(), c: z.string().nullish() }),
      ['a', 'c'],
    ],
    [
      'an optional field in an object',
      z.object({ from: z.object({ at: z.object({ zip: z.string().optional() }) }) }),
      ['from.at.zip'],
    ],
    [
      'an optional field in a list',
      z.object({ stops: z.array(z.object({ zip: z.string().optional() })) }),
      ['stops.zip'],
    ],
    [
      'an optional field in an alternative',
      z.object({ by: z.union([z.string(), z.object({ car: z.string().optional() })]) }),
      ['by.car'],
    ],
  ])('that is strict is refused with %s, and told where it is', (_what, parameters, fields) => {
    const paths = fields.map((field) => `parameters.${field}`);
    const make = () => tool({ name: 'trip', parameters, strict: true, execute: () => '' });
    expect(make).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        param: paths[0],
        issues: paths.map((path) => ({
          path,
          message: expect.stringContaining('nullable') as string,
        })),
      }),
    );
    expect(() => tool({ name: 'trip', parameters, execute: () => '' })).not.toThrow();
  });

  test.each<[string, z.ZodObject]>([
    ['an object that holds itself', z.object({ top: reply })],
    ['a tuple', z.object({ pair: z.tuple([z.object({ zip: z.string().optional() })]) })],
    ['a record', z.object({ all: z.record(z.string(), z.object({ zip: z.string().optional() })) })],
  ])('that is strict is refused with an optional field in %s', (_what, parameters) => {
    const make = () => tool({ name: 'trip', parameters, strict: true, execute: () => '' });
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  test.each<[string, () => unknown, string]>([
    [
      'without an object of arguments',
      () => tool({ name: 'a', parameters: z.string() as never, execute: () => '' }),
      'parameters',
    ],
    [
      'with alternatives at the top',
      () =>
        tool({
          name: 'a',
          parameters: z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]),
          execute: () => '',
        }),
      'parameters',
    ],
    [
      'with a type that JSON has not',
      () => tool({ name: 'a', parameters: z.object({ on: z.date() }), execute: () => '' }),
      'parameters',
    ],
    [
      'with no schema',
      () => tool({ name: 'a', parameters: { type: 'object' } as never, execute: () => '' }),
      'parameters',
    ],
    [
      'without a function',
      () => tool({ name: 'a', parameters: z.object({}), execute: undefined as never }),
      'execute',
    ],
  ])('%s is refused', (_name, make, param) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });
});

describe('approval', () => {
  const approving = async (
    approve: NonNullable<RunToolsParams['approve']>,
    ...answers: Parameters<ReturnType<typeof connect>['emulator']['reply']>
  ) => {
    const { completions, emulator } = connect();
    emulator.reply(...answers, done);
    const ran: string[] = [];
    const watching = weatherThat(({ city }) => {
      ran.push(city);
      return 'Rain';
    });
    const result = await completions.runTools({ messages, tools: [watching], approve }).final();
    return { ran, result, told: toldResults(emulator.requests[1]) };
  };

  test('lets a call run or not, and the model hears why not', async () => {
    const answers = {
      A: true,
      B: false,
      C: { approved: true },
      D: { approved: false, reason: 'Too far away' },
      E: { approved: false },
    };
    const { ran, told, result } = await approving(
      (_call, args) => answers[(args as { city: keyof typeof answers }).city],
      calling('A', 'B', 'C', 'D', 'E'),
    );
    expect(ran).toEqual(['A', 'C']);
    const error = 'The user did not approve this call. It was not run.';
    expect(told).toEqual([
      'Rain',
      JSON.stringify({ error }),
      'Rain',
      JSON.stringify({ error: 'Too far away' }),
      JSON.stringify({ error }),
    ]);
    expect(result.steps[0]?.results.map(({ failure }) => failure)).toEqual([
      undefined,
      'not_approved',
      undefined,
      'not_approved',
      'not_approved',
    ]);
  });

  test('is asked in order, one question at a time', async () => {
    const asked: string[] = [];
    let open = 0;
    const cities = ['A', 'B', 'C', 'D', 'E'];
    const { ran } = await approving(
      async (call, args) => {
        expect(++open).toBe(1);
        const { city } = args as { city: string };
        expect(JSON.parse(call.function.arguments)).toEqual({ city });
        asked.push(city);
        await new Promise((resolve) => setTimeout(resolve, city < 'C' ? 6 : 1));
        open--;
        return true;
      },
      calling(...cities),
    );
    expect(asked).toEqual(cities);
    expect(ran).toEqual(cities);
  });

  test('is not asked about calls that cannot run', async () => {
    const asked: ChatCompletionMessageToolCall[] = [];
    const { ran } = await approving(
      (call) => {
        asked.push(call);
        return true;
      },
      {
        tool_calls: [
          { id: 'a', name: 'weather', arguments: { city: 7 } },
          { id: 'b', name: 'tides', arguments: { city: 'Brno' } },
          { id: 'c', name: 'weather', arguments: { city: 'Brno' } },
        ],
      },
    );
    expect(ran).toEqual(['Brno']);
    expect(asked.map(({ id }) => id)).toEqual(['c']);
  });

  test.each([undefined, null, 'yes', 1, {}, { approved: 'yes' }])(
    'is not given by %j',
    async (answer) => {
      const { ran, result } = await approving(() => answer as never, calling('Brno'));
      expect(ran).toEqual([]);
      expect(result.steps[0]?.results[0]?.failure).toBe('not_approved');
    },
  );

  test('is told the step, the call and the context beside the arguments', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('A', 'B'), calling('C'), done);
    const scopes: ToolScope[] = [];
    const context = { user: 'ada' };
    const approve: RunToolsParams['approve'] = (call, _args, scope) => {
      expect(scope.call).toBe(call);
      expect(scope.signal).toBeInstanceOf(AbortSignal);
      expect(scope.signal.aborted).toBe(false);
      return scopes.push(scope) > 0;
    };
    await completions.runTools({ messages, tools: [weather], approve, context }).final();
    expect(scopes.map(({ step, call }) => [step, call.function.arguments])).toEqual([
      [1, '{"city":"A"}'],
      [1, '{"city":"B"}'],
      [2, '{"city":"C"}'],
    ]);
    for (const scope of scopes) {
      expect(Object.keys(scope).toSorted()).toEqual(['call', 'context', 'signal', 'step']);
      expect(scope.context).toBe(context);
      // Nothing was stopped: the run came to its end.
      expect(scope.signal.aborted).toBe(false);
    }
  });

  test('hears by its signal that the run was ended, and why', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('A', 'B'), done);
    const asked = deferred<ToolScope['signal']>();
    const approve: RunToolsParams['approve'] = (_call, _args, { signal }) => {
      asked.resolve(signal);
      return new Promise<never>(() => {});
    };
    const controller = new AbortController();
    const run = completions.runTools(
      { messages, tools: [weather], approve },
      { signal: controller.signal },
    );
    const end = failureOf(run.final());
    const signal = await asked.promise;
    expect(signal.aborted).toBe(false);
    const heard = vi.fn();
    signal.addEventListener('abort', heard);
    const reason = new Error('The user went home');
    controller.abort(reason);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(signal.reason).toMatchObject({ code: 'aborted', cause: reason });
    expect(await end).toBe(signal.reason);
  });

  test('hears by its signal of a tool that has ended the run', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('bad', 'B'), done);
    const asked = deferred<ToolScope['signal']>();
    const reason = new Error('No such city');
    const failing = weatherThat(async () => {
      await asked.promise;
      throw reason;
    });
    const approve: RunToolsParams['approve'] = (_call, args, { signal }) => {
      if ((args as { city: string }).city === 'bad') return true;
      asked.resolve(signal);
      return new Promise<never>(() => {});
    };
    const run = completions.runTools({
      messages,
      tools: [failing],
      approve,
      onToolError: 'throw',
    });
    expect(await failureOf(run.final())).toBe(reason);
    const { aborted, reason: told } = await asked.promise;
    expect([aborted, told]).toEqual([true, reason]);
  });

  test('that fails ends the run as it is, whatever is done about failures of tools', async () => {
    for (const onToolError of ['feed', 'throw'] as const) {
      const { completions, emulator } = connect();
      emulator.reply(calling('Brno', 'Malmö'), done);
      const reason = new Error('No terminal');
      const approve = vi.fn(() => {
        throw reason;
      });
      const run = completions.runTools({ messages, tools: [weather], approve, onToolError });
      expect(await failureOf(run.final())).toBe(reason);
      await settled();
      expect(approve).toHaveBeenCalledTimes(1);
      expect(emulator.requests).toHaveLength(1);
    }
  });

  test('is not asked for any more once the run was aborted', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('A', 'B', 'C'), done);
    const [first, isAsked] = [deferred<boolean>(), deferred()];
    const approve = vi.fn(() => {
      isAsked.resolve();
      return first.promise;
    });
    const run = completions.runTools({ messages, tools: [weather], approve });
    const end = failureOf(run.final());
    await isAsked.promise;
    run.abort();
    expect(await end).toMatchObject({ code: 'aborted' });
    first.resolve(true);
    await settled();
    expect(approve).toHaveBeenCalledTimes(1);
  });

  test('is not asked for any more once a tool has ended the run', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('bad', 'slow', 'C', 'D'), done);
    const slow = deferred<string>();
    const failing = weatherThat(({ city }) => {
      if (city === 'bad') throw new Error('No such city');
      return city === 'slow' ? slow.promise : 'Rain';
    });
    const asked: unknown[] = [];
    const approve = (_call: unknown, args: unknown) => {
      asked.push((args as { city: string }).city);
      return true;
    };
    const run = completions.runTools({
      messages,
      tools: [failing],
      approve,
      concurrency: 2,
      onToolError: 'throw',
    });
    await expect(run.final()).rejects.toThrow('No such city');
    const before = [...asked];
    slow.resolve('Rain');
    await settled();
    expect(asked).toEqual(before);
  });
});

describe('a forced call', () => {
  const named = { type: 'function', function: { name: 'weather' } } as const;

  test.each([
    ['deepseek', 'required'],
    ['deepseek', named],
    ['aimlapi', named],
    ['anyfast', 'required'],
    ['shortapi', 'required'],
    ['bytespike', 'required'],
    ['bytespike', named],
    ['vtrix', named],
  ] as const)('at %s (%j) is forced once, and then thinking is back', async (provider, choice) => {
    const { completions, emulator } = connect({ provider });
    const { end, steps } = await completions
      .runTools({ messages, tools: [weather], tool_choice: choice, thinking: { type: 'enabled' } })
      .final();
    expect(end).toBe('answered');
    expect(steps).toHaveLength(2);
    const [first, second] = emulator.requests.map(bodyOf);
    const isAuto = provider === 'bytespike' && choice === 'required';
    expect(first?.tool_choice).toEqual(isAuto ? 'auto' : choice);
    expect(second?.tool_choice).toBe('auto');
    const { body } = completions.prepare({
      messages,
      tools: [weather],
      thinking: { type: 'enabled' },
    });
    expect(second?.thinking).toEqual(body.thinking);
    expect(second?.reasoning_effort).toEqual(body.reasoning_effort);
    // The call was made without a thought; the model takes an empty one in its place.
    if (provider === 'deepseek' || provider === 'aimlapi' || provider === 'anyfast') {
      expect(steps[0]?.completion.choices[0].message.reasoning_content ?? '').toBe('');
      expect(second?.messages?.[1]?.reasoning_content).toBe('');
      expect(steps[1]?.completion.report.thinking).toEqual({ asked: 'enabled', seen: true });
    }
  });

  test.each(['none', 'auto', undefined, null] as const)(
    'is something else than %s, which stays',
    async (tool_choice) => {
      const { completions, emulator } = connect();
      emulator.reply(calling('Brno'), done);
      await completions.runTools({ messages, tools: [weather], tool_choice }).final();
      const choices = emulator.requests.map((request) => bodyOf(request).tool_choice);
      expect(choices).toEqual([tool_choice ?? undefined, tool_choice ?? undefined]);
    },
  );
});

describe('the end', () => {
  test('comes after so many steps', async () => {
    for (const [maxSteps, count] of [
      [1, 1],
      [3, 3],
      [undefined, 10],
    ] as const) {
      const { completions, emulator } = connect({}, { answer: () => calling('Brno') });
      const result = await completions.runTools({ messages, tools: [weather], maxSteps }).final();
      expect(result.end).toBe('max_steps');
      expect(result.steps).toHaveLength(count);
      expect(emulator.requests).toHaveLength(count);
      // The last calls are run too: the conversation can be sent on.
      expect(result.messages.at(-1)).toMatchObject({ role: 'tool', content: 'Rain in Brno' });
      await expectToGoOn(result.messages);
    }
  });

  test('comes with an answer in the last step that is allowed', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const { end } = await completions.runTools({ messages, tools: [weather], maxSteps: 2 }).final();
    expect(end).toBe('answered');
  });

  test('comes when the caller says so', async () => {
    const { completions, emulator } = connect({}, { answer: () => calling('Brno') });
    const seen: [number, number][] = [];
    const result = await completions
      .runTools({
        messages,
        tools: [weather],
        stopWhen: async (step, steps) => {
          await settled();
          expect(steps.at(-1)).toBe(step);
          expect(step.results[0]?.content).toBe('Rain in Brno');
          seen.push([step.number, steps.length]);
          return step.number === 3;
        },
      })
      .final();
    expect(result.end).toBe('stop_when');
    expect(seen).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(emulator.requests).toHaveLength(3);
    await expectToGoOn(result.messages);
  });

  test('comes with what the caller throws', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const reason = new Error('Undecided');
    const stopWhen = () => Promise.reject(reason);
    const run = completions.runTools({ messages, tools: [weather], stopWhen });
    expect(await failureOf(run.final())).toBe(reason);
    await expectToGoOn(run.messages);
  });

  test('is cut off by a limit, a filter, or in the middle of a call', async () => {
    const half = [{ id: 'half', name: 'weather', arguments: '{"city":"Br' }];
    const ends = [
      { content: 'It rains in', finish_reason: 'length' },
      { content: '', finish_reason: 'content_filter' },
      { content: 'It', finish_reason: 'insufficient_system_resource' },
      { tool_calls: half, finish_reason: 'length' },
      { tool_calls: half, finish_reason: 'content_filter' },
      { tool_calls: [{ id: 'half', name: 'weather', arguments: '' }], finish_reason: 'length' },
      { reasoning_content: 'Hm, hm', content: '', finish_reason: 'length' },
    ];
    for (const answer of ends) {
      const { completions, emulator } = connect();
      emulator.reply(calling('Brno'), answer);
      const execute = vi.fn(() => 'Rain');
      const result = await completions
        .runTools({ messages, tools: [weatherThat(execute)] })
        .final();
      expect(result.end).toBe('cut_off');
      expect(execute).toHaveBeenCalledTimes(1);
      expect(emulator.requests).toHaveLength(2);
      expect(result.steps.at(-1)?.results).toEqual([]);
      expect(result.completion.choices[0].finish_reason).toBe(answer.finish_reason);
      expect(result.completion.choices[0].message.tool_calls).toBeUndefined();
      await expectToGoOn(result.messages);
    }
  });

  test('is empty after an answer without content, refusal and calls', async () => {
    for (const provider of vendors) {
      for (const content of ['', ' \n', null]) {
        const { completions, emulator } = connect({ provider });
        emulator.reply(calling('Brno'), { content, reasoning_content: 'Hm.' });
        const { end, steps } = await completions.runTools({ messages, tools: [weather] }).final();
        expect(end).toBe('empty');
        expect(steps).toHaveLength(2);
        expect(emulator.requests).toHaveLength(2);
      }
    }
  });

  test('is an answer where the model refused', async () => {
    const { completions, emulator } = connect();
    const delta = { role: 'assistant', refusal: 'That I will not tell.' };
    const chunk = { id: 'x', choices: [{ index: 0, delta, finish_reason: 'stop' }] };
    emulator.reply({ writes: [`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`] });
    const { end, completion } = await completions.runTools({ messages, tools: [weather] }).final();
    expect(completion.choices[0].message.refusal).toBe('That I will not tell.');
    expect(end).toBe('answered');
  });
});

describe('reasoning that used all tokens', () => {
  const exhausted = {
    reasoning_content: 'Hm, hm, hm',
    content: '',
    finish_reason: 'length',
    usage: { prompt_tokens: 5, completion_tokens: 100 },
  };
  const pricing = { cacheHit: '1', cacheMiss: '1', output: '1' };

  test.each([
    ['disable', { thinking: { type: 'disabled' } }],
    ['lower', { reasoning_effort: 'low' }],
  ] as const)('is recovered from with `%s`', async (onReasoningExhausted, sent) => {
    const { completions, emulator } = connect({ pricing });
    emulator.reply(
      { ...calling('Brno'), usage: { prompt_tokens: 1, completion_tokens: 1 } },
      exhausted,
      { ...calling('Malmö'), usage: { prompt_tokens: 5, completion_tokens: 10 } },
      { ...done, usage: { prompt_tokens: 7, completion_tokens: 3 } },
    );
    const run = completions.runTools(
      { messages, tools: [weather], thinking: { type: 'enabled' } },
      { onReasoningExhausted },
    );
    const types = shortTypes(await collect(run));
    expect(types.filter((type) => type === 'reset')).toHaveLength(1);
    const start = types.indexOf('step.start', 1);
    expect(types.slice(start, types.indexOf('reset') + 1).join(' ')).toBe(
      'step.start reasoning.delta usage finish reset',
    );
    const { steps, usage, cost, end, messages: all } = await run.final();
    expect(end).toBe('answered');
    expect(steps).toHaveLength(3);
    const report = steps[1]?.completion.report;
    expect(report).toMatchObject({
      completion: 'complete',
      usage: { prompt_tokens: 10, completion_tokens: 110, total_tokens: 120 },
      cost: { usd: '0.00012' },
    });
    expect(report?.attempts.map(({ number }) => number)).toEqual([1, 2]);
    expect(report?.issues.map(({ code }) => code)).toContain('reasoning_recovered');
    expect(usage).toMatchObject({ prompt_tokens: 18, completion_tokens: 114, total_tokens: 132 });
    expect(cost).toEqual({ usd: '0.000132', source: 'pricing' });
    expect(JSON.stringify(all)).not.toContain('Hm, hm, hm');
    const bodies = emulator.requests.map(bodyOf);
    expect(bodies).toHaveLength(4);
    expect(bodies[2]).toMatchObject(sent);
    expect(bodies[2]?.messages?.length).toBe(bodies[1]?.messages?.length);
    // Only this once: the next step thinks as before.
    expect(bodies[3]?.thinking).toEqual(bodies[0]?.thinking);
    expect(bodies[3]?.reasoning_effort).toEqual(bodies[0]?.reasoning_effort);
  });

  test('is left as it is where nothing else was asked for, or nothing can be done', async () => {
    const { completions, emulator } = connect();
    emulator.reply(exhausted);
    const { end } = await completions.runTools({ messages, tools: [weather] }).final();
    expect(end).toBe('cut_off');
    expect(emulator.requests).toHaveLength(1);
    const other = connect({ provider: 'vtrix' });
    other.emulator.reply(exhausted);
    const { completion } = await other.completions
      .runTools({ messages, tools: [weather] }, { onReasoningExhausted: 'disable' })
      .final();
    expect(completion.report.issues.map(({ code }) => code)).toContain('reasoning_not_recovered');
    expect(other.emulator.requests).toHaveLength(1);
  });

  test('is counted too where asking again fails', async () => {
    const { completions, emulator } = connect({ pricing });
    emulator.reply(exhausted, { error: 'server_error' });
    const run = completions.runTools(
      { messages, tools: [weather] },
      { onReasoningExhausted: 'disable' },
    );
    const error = await failureOf(run.final());
    expect(error).toMatchObject({ code: 'server_error' });
    expect(error).toHaveProperty('report.attempts.length', 2);
    expect(error).toHaveProperty('report.usage.total_tokens', 105);
    expect(error).toHaveProperty('partial.choices.0.message.reasoning_content', 'Hm, hm, hm');
  });

  test('gives way to what there is of the second answer, where that breaks off', async () => {
    const { completions, emulator } = connect();
    const chunk = { choices: [{ index: 0, delta: { content: 'It rai' } }] };
    emulator.reply(exhausted, { writes: [`data: ${JSON.stringify(chunk)}\n\n`, 'fin'] });
    const run = completions.runTools(
      { messages, tools: [weather] },
      { onReasoningExhausted: 'disable' },
    );
    const error = await failureOf(run.final());
    expect(error).toMatchObject({ code: 'stream_interrupted' });
    expect(error).toHaveProperty('partial.choices.0.message.content', 'It rai');
    expect(error).toHaveProperty('report.attempts.length', 2);
  });

  test('twice is said to be not recovered, and cut off', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), exhausted, exhausted);
    const { end, steps } = await completions
      .runTools({ messages, tools: [weather] }, { onReasoningExhausted: 'disable' })
      .final();
    expect(end).toBe('cut_off');
    expect(emulator.requests).toHaveLength(3);
    const codes = steps[1]?.completion.report.issues.map(({ code }) => code);
    expect(codes).toContain('reasoning_not_recovered');
    expect(codes).not.toContain('reasoning_recovered');
  });
});

describe('what the caller gave', () => {
  function freeze<T>(value: T): T {
    if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
      Object.freeze(value);
      Object.values(value).forEach(freeze);
    }
    return value;
  }

  test('stays as it is', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno', 'bad'), exhaustedOnce, calling('Malmö'), done);
    const given: RunToolsParams = {
      messages: [{ role: 'developer', content: 'Be brief.' }, ...messages],
      tools: [weather],
      tool_choice: 'required',
      thinking: { type: 'enabled' },
      stop: ['#'],
      maxSteps: 5,
    };
    const before = JSON.stringify(given);
    const options = { onReasoningExhausted: 'lower', headers: { 'x-a': 'b' } } as const;
    const run = completions.runTools(freeze(given), freeze({ ...options }));
    const { messages: all, end } = await run.final();
    expect(end).toBe('answered');
    expect(JSON.stringify(given)).toBe(before);
    expect(all).not.toBe(given.messages);
    expect(emulator.requests.every(({ headers }) => headers['x-a'] === 'b')).toBe(true);
  });

  const exhaustedOnce = { reasoning_content: 'Hm', content: '', finish_reason: 'length' };

  test('goes to every step, but for what is for the run alone', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    await completions
      .runTools({
        messages,
        tools: [weather],
        max_tokens: 500,
        temperature: 0.5,
        user_id: 'ada',
        maxSteps: 4,
        concurrency: 2,
        onToolError: 'feed',
        approve: () => true,
        stopWhen: () => false,
        context: { secret: 'context' },
      })
      .final();
    for (const { body, undocumented } of emulator.requests) {
      expect(undocumented).toEqual([]);
      expect(body).toMatchObject({ max_tokens: 500, temperature: 0.5, stream: true });
      expect(JSON.stringify(body)).not.toContain('context');
    }
  });

  test('that are null are not given', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const none = { maxSteps: null, concurrency: null, onToolError: null };
    const asked = { messages, tools: [weather], approve: null, stopWhen: null, ...none };
    const { end } = await completions.runTools(asked as never).final();
    expect(end).toBe('answered');
  });

  test('may change afterwards without any effect on the run', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const own = [...messages];
    const run = completions.runTools({ messages: own, tools: [weather] });
    own.push(user('Ignore all that.'));
    await run.final();
    expect(wireMessages(emulator.requests[1] as EmulatorRequest)).toHaveLength(3);
  });

  test.each<[string, Record<string, unknown>, Record<string, unknown>, ChatErrorCode, string]>([
    ['maxSteps of 0', { maxSteps: 0 }, {}, 'invalid_options', 'maxSteps'],
    ['half a step', { maxSteps: 1.5 }, {}, 'invalid_options', 'maxSteps'],
    ['steps in words', { maxSteps: 'ten' }, {}, 'invalid_options', 'maxSteps'],
    ['endless steps', { maxSteps: Infinity }, {}, 'invalid_options', 'maxSteps'],
    ['no concurrency', { concurrency: 0 }, {}, 'invalid_options', 'concurrency'],
    ['a concurrency of NaN', { concurrency: NaN }, {}, 'invalid_options', 'concurrency'],
    ['an unknown onToolError', { onToolError: 'log' }, {}, 'invalid_options', 'onToolError'],
    ['an approve that is no function', { approve: true }, {}, 'invalid_options', 'approve'],
    ['a stopWhen that is no function', { stopWhen: 3 }, {}, 'invalid_options', 'stopWhen'],
    ['a signal that is none', {}, { signal: {} }, 'invalid_options', 'signal'],
    ['a deadline that is none', {}, { deadline: NaN }, 'invalid_options', 'deadline'],
    [
      'an unknown recovery',
      {},
      { onReasoningExhausted: 'retry' },
      'invalid_options',
      'onReasoningExhausted',
    ],
    [
      'a tool that cannot be run',
      { tools: [weather, { type: 'function', function: { name: 'tides' } }] },
      {},
      'invalid_request',
      'tools.1',
    ],
    ['tools that are no list', { tools: weather }, {}, 'invalid_request', 'tools'],
    [
      'two tools of one name',
      { tools: [weather, weatherThat(() => '')] },
      {},
      'invalid_request',
      'tools.1.function.name',
    ],
    ['no messages', { messages: [] }, {}, 'invalid_request', 'messages'],
    ['messages that are no list', { messages: 'Hi' }, {}, 'invalid_request', 'messages'],
    [
      'a beginning of the answer',
      { messages: [...messages, { role: 'assistant', content: 'It', prefix: true }] },
      {},
      'invalid_request',
      'messages.1.prefix',
    ],
    ['an unknown field', { max_step: 3 }, {}, 'invalid_request', 'max_step'],
    [
      'a forced tool that is not there',
      { tool_choice: { type: 'function', function: { name: 'tides' } } },
      {},
      'invalid_request',
      'tool_choice.function.name',
    ],
  ])('is refused with %s, and nothing is sent', async (_name, params, options, code, param) => {
    const { completions, emulator } = connect({}, { answer: () => calling('Brno') });
    const given = { messages, tools: [weather], maxSteps: 2, ...params } as RunToolsParams;
    const run = completions.runTools(given, options);
    expect(await failureOf(run.final())).toMatchObject({ name: 'ChatError', code, param });
    expect(emulator.requests).toEqual([]);
  });

  test('is refused where it is nothing at all', async () => {
    const { completions } = connect();
    const error = await failureOf(completions.runTools(undefined as never).final());
    expect(error).toMatchObject({ name: 'ChatError', code: 'invalid_request' });
  });
});
