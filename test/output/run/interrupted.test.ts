import { tool } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  calling,
  done,
  expectToGoOn,
  messages,
  passDeadline,
  settled,
  stubbornTool,
  weather,
  weatherThat,
} from '../../kit/tool-runs.ts';
import { connect } from '../../kit/emulated.ts';
import { failureOf } from '../../kit/failures.ts';
import { deferred } from '../../kit/time.ts';

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
