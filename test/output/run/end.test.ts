import { describe, expect, test, vi } from 'vitest';
import {
  bodyOf,
  calling,
  done,
  expectToGoOn,
  messages,
  settled,
  weather,
  weatherThat,
} from '../../kit/tool-runs.ts';
import { connect } from '../../kit/emulated.ts';
import { failureOf } from '../../kit/failures.ts';
import { vendors } from '../../kit/vendors.ts';
import { profileOf } from '../../kit/facts.ts';

describe('a forced call', () => {
  const named = { type: 'function', function: { name: 'weather' } } as const;

  const choices = vendors.flatMap((id) => [[id, 'required'] as const, [id, named] as const]);

  test.each(choices)(
    'at %s (%j) is forced once, and then thinking is back',
    async (provider, choice) => {
      const { completions, emulator } = connect({ provider });
      const { end, steps } = await completions
        .runTools({
          messages,
          tools: [weather],
          tool_choice: choice,
          thinking: { type: 'enabled' },
        })
        .final();
      expect(end).toBe('answered');
      expect(steps).toHaveLength(2);
      const [first, second] = emulator.requests.map(bodyOf);
      const { forcedToolChoice } = profileOf(provider);
      const isAuto =
        forcedToolChoice === 'as auto' ||
        (forcedToolChoice === 'required as auto' && choice === 'required');
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
      if (forcedToolChoice === 'thinking off') {
        expect(steps[0]?.completion.choices[0].message.reasoning_content ?? '').toBe('');
        expect(second?.messages?.[1]?.reasoning_content).toBe('');
        expect(steps[1]?.completion.report.thinking).toEqual({ asked: 'enabled', seen: true });
      }
    },
  );

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
