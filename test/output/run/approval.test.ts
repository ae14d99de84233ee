import type { ChatCompletionMessageToolCall, RunToolsParams, ToolScope } from 'deepseek-v4-flash';
import { describe, expect, test, vi } from 'vitest';
import {
  calling,
  done,
  messages,
  settled,
  toldResults,
  weather,
  weatherThat,
} from '../../kit/tool-runs.ts';
import { connect } from '../../kit/emulated.ts';
import { failureOf } from '../../kit/failures.ts';
import { deferred } from '../../kit/time.ts';

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
