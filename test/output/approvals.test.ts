import type { RunToolsParams } from 'deepseek-v4-flash';
import { jsonSchemaTool, tool } from 'deepseek-v4-flash';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { connect, user, wireMessages } from '../kit/emulated.ts';
import { errorOf } from '../kit/failures.ts';

const messages = [user('Pay A and B back.')];
const call = (name: string, id: string, args: object) => ({
  id,
  name,
  arguments: args,
});
const done = { content: 'Done.' };

/** A tool that waits where `needsApproval` says so, and what it was run with. */
function refunds(needsApproval?: Parameters<typeof tool>[0]['needsApproval']) {
  const paid: string[] = [];
  const refund = tool({
    name: 'refund',
    parameters: z.object({ to: z.string(), amount: z.number().default(1) }),
    needsApproval,
    execute: ({ to }) => {
      paid.push(to);
      return `paid ${to}`;
    },
  });
  return { refund, paid };
}

describe('a tool that needs approval', () => {
  test('ends the run before its call, while calls without need are run', async () => {
    const { completions, emulator } = connect();
    const { refund, paid } = refunds(true);
    const look = tool({ name: 'look', parameters: z.object({}), execute: () => 'open' });
    emulator.reply({ tool_calls: [call('look', 'c1', {}), call('refund', 'c2', { to: 'A' })] });
    const run = completions.runTools({ messages, tools: [look, refund] });
    const events = [];
    for await (const event of run.events()) {
      if (event.type.startsWith('tool.')) events.push(event);
    }
    const { end, steps, messages: told } = await run.final();

    expect(end).toBe('needs_approval');
    expect(paid).toEqual([]);
    expect(steps[0]?.results.map(({ failure }) => failure)).toEqual([undefined, 'needs_approval']);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'tool.approval', step: 1, args: { to: 'A', amount: 1 } }),
    );
    expect(events.filter(({ type }) => type === 'tool.result')).toHaveLength(1);
    expect(told.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    expect(run.messages).toEqual(told);
    expect(emulator.requests).toHaveLength(1);
  });

  test('is run, or refused, by the next run, which goes on from there', async () => {
    const { completions, emulator } = connect();
    const { refund, paid } = refunds(true);
    const tools = [refund];
    emulator.reply(
      { tool_calls: [call('refund', 'c1', { to: 'A' }), call('refund', 'c2', { to: 'B' })] },
      done,
    );
    const first = await completions.runTools({ messages, tools }).final();
    // As it would come back from a page or a database.
    const kept = JSON.parse(JSON.stringify(first.messages)) as typeof first.messages;
    const approvals = { c1: true, c2: { approved: false, reason: 'Not B' } };
    const run = completions.runTools({ messages: kept, tools, approvals });
    const steps = [];
    for await (const event of run.events()) {
      if (event.type === 'tool.result') steps.push([event.step, event.result.content]);
    }
    const { end } = await run.final();

    expect(paid).toEqual(['A']);
    expect(end).toBe('answered');
    expect(steps).toEqual([
      [0, 'paid A'],
      [0, JSON.stringify({ error: 'Not B' })],
    ]);
    const wire = emulator.requests.map(wireMessages);
    expect(wire[1]?.slice(-2)).toEqual([
      { role: 'tool', tool_call_id: 'c1', content: 'paid A' },
      { role: 'tool', tool_call_id: 'c2', content: JSON.stringify({ error: 'Not B' }) },
    ]);
  });

  test('is in the list of what waits, with the arguments that it would be run with', async () => {
    const { completions, emulator } = connect();
    const { refund } = refunds((args) => (args as { to: string }).to !== 'B');
    const calls = ['A', 'B', 'C'].map((to, index) => call('refund', `c${index}`, { to }));
    emulator.reply({ tool_calls: calls });
    const first = await completions.runTools({ messages, tools: [refund] }).final();
    expect(first.waiting).toEqual([
      { id: 'c0', name: 'refund', args: { to: 'A', amount: 1 } },
      { id: 'c2', name: 'refund', args: { to: 'C', amount: 1 } },
    ]);

    emulator.reply(done);
    const approvals = Object.fromEntries(first.waiting.map(({ id }) => [id, true]));
    const next = completions.runTools({ messages: first.messages, tools: [refund], approvals });
    expect((await next.final()).waiting).toEqual([]);
  });

  test('stays in the list as it was, whatever the reader of the events does with its own', async () => {
    const { completions, emulator } = connect();
    const { refund } = refunds(true);
    emulator.reply({ tool_calls: [call('refund', 'c1', { to: 'A' })] });
    const run = completions.runTools({ messages, tools: [refund] });
    for await (const event of run.events()) {
      if (event.type === 'tool.approval') (event.args as { to: string }).to = 'Mallory';
    }
    expect((await run.final()).waiting).toEqual([
      { id: 'c1', name: 'refund', args: { to: 'A', amount: 1 } },
    ]);
  });

  test('is named, with what to give, where a run is resumed without any decision', async () => {
    const { completions, emulator } = connect();
    const { refund, paid } = refunds(true);
    emulator.reply({ tool_calls: [call('refund', 'c1', { to: 'A' })] });
    const tools = [refund];
    const { messages: kept } = await completions.runTools({ messages, tools }).final();

    const without = await errorOf(completions.runTools({ messages: kept, tools }).final());
    expect([without.code, without.param]).toEqual(['invalid_request', 'approvals.c1']);
    expect(without.message).toBe(
      'approvals.c1: is missing: the call of refund in messages.1 has no result yet, and runTools was given no approvals. true runs it; false, or { approved: false, reason }, refuses it. approvals: {} runs only calls that need no approval',
    );
    const empty = completions.runTools({ messages: kept, tools, approvals: {} });
    expect((await errorOf(empty.final())).message).toBe(
      'approvals.c1: is missing: it must say whether the call of refund may run. true runs it; false, or { approved: false, reason }, refuses it',
    );
    expect(paid).toEqual([]);
    expect(emulator.requests).toHaveLength(1);
  });

  test('is not run by a next run that has no decision about it, and neither is any other', async () => {
    const { completions, emulator } = connect();
    const { refund, paid } = refunds(true);
    emulator.reply({
      tool_calls: [call('refund', 'c1', { to: 'A' }), call('refund', 'c2', { to: 'B' })],
    });
    const { messages: kept } = await completions.runTools({ messages, tools: [refund] }).final();
    const again = completions.runTools({
      messages: kept,
      tools: [refund],
      approvals: { c1: true },
    });
    const error = await errorOf(again.final());

    expect([error.code, error.param]).toEqual(['invalid_request', 'approvals.c2']);
    expect(paid).toEqual([]);
    expect(emulator.requests).toHaveLength(1);
  });

  test.each([
    [true, true],
    [false, false],
    [undefined, true],
    [() => false, false],
    [() => true, true],
    [async () => undefined as never, true],
    [({ to }: { to: string }) => to !== 'A', false],
  ])('asks approve or not: %s', async (needsApproval, isAsked) => {
    const { completions, emulator } = connect();
    const { refund, paid } = refunds(needsApproval as never);
    emulator.reply({ tool_calls: [call('refund', 'c1', { to: 'A' })] }, done);
    const approve = vi.fn<NonNullable<RunToolsParams['approve']>>(() => true);
    const { end } = await completions.runTools({ messages, tools: [refund], approve }).final();

    expect(approve).toHaveBeenCalledTimes(isAsked ? 1 : 0);
    expect(paid).toEqual(['A']);
    expect(end).toBe('answered');
  });

  test('leaves no call open when the run fails beside it', async () => {
    const { completions, emulator } = connect();
    const { refund } = refunds(true);
    const broken = tool({
      name: 'broken',
      parameters: z.object({}),
      execute: () => Promise.reject(new Error('No.')),
    });
    emulator.reply({ tool_calls: [call('refund', 'c1', { to: 'A' }), call('broken', 'c2', {})] });
    const tools = [refund, broken];
    const run = completions.runTools({ messages, tools, onToolError: 'throw' });
    await expect(run.final()).rejects.toThrow('No.');

    expect(run.steps[0]?.results.map(({ failure }) => failure)).toEqual(['not_run', 'tool_error']);
    expect(run.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool']);
  });

  test('with arguments that do not fit is told so, and nobody is asked', async () => {
    const { completions, emulator } = connect();
    const { refund } = refunds(true);
    emulator.reply({ tool_calls: [call('refund', 'c1', { to: 1 })] }, done);
    const { end, steps } = await completions.runTools({ messages, tools: [refund] }).final();
    expect([end, steps[0]?.results[0]?.failure]).toEqual(['answered', 'invalid_arguments']);
  });
});

test('decisions are an object, and no call of a later step is taken for one of them', async () => {
  const { completions, emulator } = connect();
  const { refund, paid } = refunds(true);
  const tools = [refund];
  const wrong = completions.runTools({ messages, tools, approvals: [] as never });
  expect((await errorOf(wrong.final())).param).toBe('approvals');

  // Vendors count their ids anew in each answer.
  emulator.reply({ tool_calls: [call('refund', 'call_0', { to: 'A' })] });
  const first = await completions.runTools({ messages, tools }).final();
  emulator.reply({ tool_calls: [call('refund', 'call_0', { to: 'B' })] });
  const approvals = { call_0: true };
  const second = await completions.runTools({ messages: first.messages, tools, approvals }).final();
  expect([second.end, paid]).toEqual(['needs_approval', ['A']]);
});

test.each([['true'], [1], [null], [undefined], [{}], [{ approved: 'yes' }], [['true']]])(
  'what is no decision, %j, is neither a yes nor a no: nothing runs, and nobody is asked',
  async (c1) => {
    const { completions, emulator } = connect();
    const { refund, paid } = refunds(true);
    const tools = [refund];
    emulator.reply({ tool_calls: [call('refund', 'c1', { to: 'A' })] });
    const { messages: kept } = await completions.runTools({ messages, tools }).final();
    const approvals = { c1 } as unknown as Record<string, boolean>;
    const error = await errorOf(completions.runTools({ messages: kept, tools, approvals }).final());

    expect([error.code, error.param]).toEqual(['invalid_request', 'approvals.c1']);
    expect(error.message).toMatch(/must be a decision: true runs it; false, or /);
    expect([paid, emulator.requests.length]).toEqual([[], 1]);
  },
);

describe('a decision that comes twice', () => {
  const stopped = async () => {
    const { completions, emulator } = connect();
    const { refund, paid } = refunds(true);
    const tools = [refund];
    emulator.reply({ tool_calls: [call('refund', 'c1', { to: 'A' })] });
    const { messages: kept } = await completions.runTools({ messages, tools }).final();
    return { completions, emulator, tools, paid, kept };
  };
  const approvals = { c1: true };

  test('does not run the tool again, and asks nobody, once the run has gone on', async () => {
    const { completions, emulator, tools, paid, kept } = await stopped();
    emulator.reply(done);
    const resumed = await completions.runTools({ messages: kept, tools, approvals }).final();
    const again = completions.runTools({ messages: resumed.messages, tools, approvals });
    const error = await errorOf(again.final());

    expect([error.code, error.param]).toEqual(['invalid_request', 'approvals.c1']);
    expect(error.message).toMatch(/comes too late: .* has its result in messages/);
    expect(paid).toEqual(['A']);
    expect(emulator.requests).toHaveLength(2);
  });

  test('does not run the tool again when a run that failed after it is repeated', async () => {
    const { completions, emulator, tools, paid, kept } = await stopped();
    emulator.reply({ status: 400, writes: ['{"error":{"message":"No"}}'] });
    const failing = completions.runTools({ messages: kept, tools, approvals });
    await errorOf(failing.final());
    emulator.reply(done);
    const repeated = completions.runTools({ messages: [...failing.messages], tools, approvals });

    expect((await repeated.final()).end).toBe('answered');
    expect(paid).toEqual(['A']);
  });

  test('is no hindrance beside the decision about a call that waits', async () => {
    const { completions, emulator, tools, paid, kept } = await stopped();
    emulator.reply({ tool_calls: [call('refund', 'c2', { to: 'B' })] }, done);
    const second = await completions.runTools({ messages: kept, tools, approvals }).final();
    const all = { c1: true, c2: true };
    const params = { messages: second.messages, tools, approvals: all };
    expect((await completions.runTools(params).final()).end).toBe('answered');
    expect(paid).toEqual(['A', 'B']);
  });

  test('or belongs to another conversation is refused, and nothing is sent', async () => {
    const { completions, emulator, tools } = await stopped();
    const error = await errorOf(completions.runTools({ messages, tools, approvals }).final());
    expect([error.code, error.param]).toEqual(['invalid_request', 'approvals.c1']);
    expect(error.message).toMatch(/about no call in messages/);
    expect(emulator.requests).toHaveLength(1);
  });

  test('or stands beside that about a call that waits is refused too, and nothing is run', async () => {
    const { completions, tools, kept, paid } = await stopped();
    const params = { messages: kept, tools, approvals: { ...approvals, nope: true } };
    const error = await errorOf(completions.runTools(params).final());
    expect([error.code, error.param]).toEqual(['invalid_request', 'approvals.nope']);
    expect(paid).toEqual([]);
  });
});

test('messages that are malformed run no tool, whatever was decided', async () => {
  const { completions, emulator } = connect();
  const { refund, paid } = refunds(true);
  const calls = [
    { id: 'c1', type: 'function', function: { name: 'refund', arguments: '{"to":"A"}' } },
  ];
  for (const broken of [null, { role: 'assistant', tool_calls: [null, ...calls] }]) {
    const given = [broken, { role: 'assistant', content: null, tool_calls: calls }] as never;
    const run = completions.runTools({ messages: given, tools: [refund], approvals: { c1: true } });
    expect((await errorOf(run.final())).code).toBe('invalid_request');
  }
  expect(paid).toEqual([]);
  expect(emulator.requests).toEqual([]);
});

test.each([
  ['tool()', (name: string) => tool({ name, parameters: z.object({}), execute: () => 1 })],
  [
    'jsonSchemaTool()',
    (name: string) => jsonSchemaTool({ name, jsonSchema: { type: 'object' }, execute: () => 1 }),
  ],
])('%s holds the name of the tool to what a request may have', (_how, make) => {
  for (const name of ['', 'two words', 'files/read', 'x'.repeat(129), undefined as never]) {
    expect(() => make(name)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'name' }),
    );
  }
  expect(make('files_read-2').function.name).toBe('files_read-2');
});

describe('a tool from a JSON Schema', () => {
  const jsonSchema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
  };
  const { $schema: _dialect, ...parameters } = jsonSchema;

  test('is offered with its schema, and run with what the model wrote', async () => {
    const { completions, emulator } = connect();
    const execute = vi.fn(async ({ city }: { city?: unknown }) => ({ city, sky: 'clear' }));
    const weather = jsonSchemaTool({ name: 'weather', description: 'Now', jsonSchema, execute });
    emulator.reply({ tool_calls: [call('weather', 'c1', { city: 'Oslo' })] }, done);
    await completions.runTools({ messages, tools: [weather] }).final();

    const offered = { name: 'weather', description: 'Now', parameters };
    expect(emulator.requests[0]?.body?.tools).toEqual([{ type: 'function', function: offered }]);
    expect(execute.mock.calls[0]?.[0]).toEqual({ city: 'Oslo' });
    expect(emulator.requests.map(wireMessages)[1]?.at(-1)?.content).toBe(
      '{"city":"Oslo","sky":"clear"}',
    );
  });

  const ajvLike = Object.assign(() => false, {
    errors: [{ instancePath: '/city', message: 'must be string' }],
  });
  test.each([
    ['keeps its errors', ajvLike, ['city: must be string']],
    [
      'gives them',
      () => ({ valid: false, errors: [{ instanceLocation: '#/city', error: 'no string' }] }),
      ['city: no string'],
    ],
    ['says no more than no', () => false, ['does not fit the schema']],
    ['says nothing', () => undefined, ['does not fit the schema']],
  ])('tells the model what a validator finds that %s', async (_how, validate, issues) => {
    const { completions, emulator } = connect();
    const execute = vi.fn(() => 'ran');
    const weather = jsonSchemaTool({ name: 'weather', jsonSchema, validate, execute });
    emulator.reply({ tool_calls: [call('weather', 'c1', { city: 1 })] }, done);
    await completions.runTools({ messages, tools: [weather] }).final();

    const told = JSON.parse(String(emulator.requests.map(wireMessages)[1]?.at(-1)?.content));
    expect(told.issues).toEqual(issues);
    expect(execute).not.toBeCalled();
  });

  test.each([
    [{ jsonSchema: { type: 'string' } }, 'jsonSchema'],
    [{ jsonSchema: undefined }, 'jsonSchema'],
    [{ validate: 'ajv' }, 'validate'],
    [{ execute: undefined }, 'execute'],
    [{ needsApproval: 'yes' }, 'needsApproval'],
  ])('is refused where it cannot be one: %j', (wrong, param) => {
    const make = () =>
      jsonSchemaTool({ name: 'weather', jsonSchema, execute: () => 1, ...(wrong as object) });
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });
});
