import type { ToolRunEvent } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import {
  calling,
  collect,
  done,
  messages,
  settled,
  shortTypes,
  stubbornTool,
  weather,
} from '../../kit/tool-runs.ts';
import { connect, user } from '../../kit/emulated.ts';
import { failureOf } from '../../kit/failures.ts';

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
