import { isChatError, tool } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  bodyOf,
  calling,
  done,
  messages,
  toldResults,
  weather,
  weatherThat,
} from '../../kit/tool-runs.ts';
import { connect } from '../../kit/emulated.ts';

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
});
