import type { ChatErrorCode, RunToolsParams } from 'deepseek-v4-flash';
import type { EmulatorRequest } from 'deepseek-v4-flash/testing';
import { describe, expect, test } from 'vitest';
import { calling, done, messages, weather, weatherThat } from '../../kit/tool-runs.ts';
import { connect, user, wireMessages } from '../../kit/emulated.ts';
import { failureOf } from '../../kit/failures.ts';

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
