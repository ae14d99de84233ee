import type { ToolRun } from 'deepseek-v4-flash';
import type { EmulatorRequest } from 'deepseek-v4-flash/testing';
import { describe, expect, test, vi } from 'vitest';
import {
  calling,
  collect,
  done,
  expectToGoOn,
  messages,
  passDeadline,
  settled,
  weather,
  weatherThat,
} from '../../kit/tool-runs.ts';
import { connect, wireMessages } from '../../kit/emulated.ts';
import { failureOf } from '../../kit/failures.ts';
import { deferred } from '../../kit/time.ts';
import { vendors } from '../../kit/vendors.ts';

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
