import { describe, expect, test } from 'vitest';
import {
  bodyOf,
  calling,
  collect,
  done,
  messages,
  shortTypes,
  weather,
} from '../../kit/tool-runs.ts';
import { connect } from '../../kit/emulated.ts';
import { failureOf } from '../../kit/failures.ts';

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
