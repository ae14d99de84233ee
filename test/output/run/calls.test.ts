import type { ToolScope } from 'deepseek-v4-flash';
import { describe, expect, test, vi } from 'vitest';
import {
  calling,
  collect,
  done,
  expectToGoOn,
  messages,
  settled,
  shortTypes,
  toldResults,
  weatherThat,
} from '../../kit/tool-runs.ts';
import { connect } from '../../kit/emulated.ts';
import { deferred } from '../../kit/time.ts';

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
