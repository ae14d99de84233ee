import type { RunToolsParams, ToolRun } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { calling, done, messages, toldResults, weather, weatherThat } from '../../kit/tool-runs.ts';
import { connect } from '../../kit/emulated.ts';
import { failureOf } from '../../kit/failures.ts';
import { vendors } from '../../kit/vendors.ts';

describe('the result', () => {
  test('has the last answer, all messages, every step with its report, and exact totals', async () => {
    const pricing = { cacheHit: '0.1', cacheMiss: '0.2', output: '0.3' };
    const { completions, emulator } = connect({ pricing });
    emulator.reply(
      { ...calling('Brno'), usage: { prompt_tokens: 3, completion_tokens: 7, cached_tokens: 1 } },
      { ...calling('Malmö'), usage: { prompt_tokens: 10, completion_tokens: 1 } },
      { ...done, usage: { prompt_tokens: 20, completion_tokens: 2, cached_tokens: 20 } },
    );
    const run = completions.runTools({ messages, tools: [weather] });
    const result = await run.final();

    expect(Object.keys(result).toSorted()).toEqual(
      ['completion', 'cost', 'end', 'messages', 'steps', 'usage', 'waiting'].toSorted(),
    );
    expect(result.end).toBe('answered');
    expect(result.completion.choices[0].message.content).toBe('Done.');
    expect(result.completion).toBe(result.steps.at(-1)?.completion);
    expect(result.messages.map(({ role }) => role)).toEqual(
      'user assistant tool assistant tool assistant'.split(' '),
    );
    expect(result.messages[0]).toBe(messages[0]);
    expect(result.messages[2]).toEqual({
      role: 'tool',
      tool_call_id: 'call_0',
      content: 'Rain in Brno',
    });
    expect(result.steps.map(({ number, results }) => [number, results.length])).toEqual([
      [1, 1],
      [2, 1],
      [3, 0],
    ]);
    for (const { completion } of result.steps) {
      expect(completion.report).toMatchObject({ provider: 'deepseek', completion: 'complete' });
      expect(completion.report.attempts).toHaveLength(1);
    }
    expect(result.steps[0]?.results).toEqual([
      {
        tool_call: {
          id: 'call_0',
          type: 'function',
          function: { name: 'weather', arguments: '{"city":"Brno"}' },
        },
        content: 'Rain in Brno',
        durationMs: expect.any(Number) as number,
      },
    ]);
    expect(result.usage).toMatchObject({
      prompt_tokens: 33,
      completion_tokens: 10,
      total_tokens: 43,
      prompt_cache_hit_tokens: 21,
      prompt_cache_miss_tokens: 12,
      prompt_tokens_details: { cached_tokens: 21 },
    });
    // 0.1 + 0.4 + 2.1, 2 + 0.3, 2 + 0.6: of a million.
    expect(result.steps.map(({ completion }) => completion.report.cost?.usd)).toEqual([
      '0.0000026',
      '0.0000023',
      '0.0000026',
    ]);
    expect(result.cost).toEqual({ usd: '0.0000075', source: 'pricing' });
    // Steps keep their own counts.
    expect(result.steps[0]?.completion.report.usage).toMatchObject({ total_tokens: 10 });
    expect(run.messages).toEqual(result.messages);
    expect(run.steps).toEqual(result.steps);
    await expect(run.final()).resolves.toBe(result);
  });

  test("adds a vendor's own figures without a rounding error", async () => {
    const { completions, emulator } = connect({ provider: 'vtrix' });
    const usage = (completion_tokens: number) => ({ prompt_tokens: 1, completion_tokens });
    emulator.reply(
      { ...calling('Brno'), usage: usage(100_000) },
      { ...done, usage: usage(200_000) },
    );
    const { cost } = await completions.runTools({ messages, tools: [weather] }).final();
    expect(cost).toEqual({ usd: '0.3', source: 'provider' });
  });

  test('has no total where a step told none', async () => {
    const { completions, emulator } = connect({ provider: 'bytespike' });
    const choice = { index: 0, delta: { content: 'Done.' }, finish_reason: 'stop' };
    emulator.reply(calling('Brno'), {
      writes: [`data: ${JSON.stringify({ id: 'x', choices: [choice] })}\n\ndata: [DONE]\n\n`],
    });
    const result = await completions.runTools({ messages, tools: [weather] }).final();
    expect(result.steps[0]?.completion.report.usage).toBeDefined();
    expect(result).not.toHaveProperty('usage');
    expect(result).not.toHaveProperty('cost');
  });

  test.each(vendors)('is reached at %s', async (provider) => {
    const { completions, emulator } = connect({ provider });
    emulator.reply(calling('Brno', 'Malmö'), done);
    const result = await completions
      .runTools({ messages, tools: [weather], thinking: { type: 'enabled' } })
      .final();
    expect(result.end).toBe('answered');
    expect(toldResults(emulator.requests[1])).toEqual(['Rain in Brno', 'Rain in Malmö']);
    expect(emulator.requests.flatMap(({ undocumented }) => undocumented)).toEqual([]);
  });
});

describe('the totals so far', () => {
  const pricing = { cacheHit: '1', cacheMiss: '1', output: '1' };
  const first = { ...calling('Brno'), usage: { prompt_tokens: 3, completion_tokens: 7 } };
  const second = { ...calling('Malmö'), usage: { prompt_tokens: 10, completion_tokens: 5 } };
  const last = { ...done, usage: { prompt_tokens: 20, completion_tokens: 1 } };
  const tokensOf = ({ usage, cost }: ToolRun) => [usage?.total_tokens, cost?.usd];

  test('grow step by step, and come to those of the result', async () => {
    const { completions, emulator } = connect({ pricing });
    emulator.reply(first, second, last);
    const run = completions.runTools({ messages, tools: [weather] });
    expect([run.usage, run.cost]).toEqual([undefined, undefined]);
    const seen: unknown[] = [];
    for await (const { type } of run.events()) if (type === 'step.done') seen.push(tokensOf(run));
    expect(seen).toEqual([
      [10, '0.00001'],
      [25, '0.000025'],
      [46, '0.000046'],
    ]);
    const { usage, cost } = await run.final();
    expect([run.usage, run.cost]).toEqual([usage, cost]);
  });

  test('are there after the vendor, a tool or the caller has ended the run', async () => {
    const stubborn = weatherThat(() => new Promise<never>(() => {}));
    const failing = weatherThat(() => Promise.reject(new Error('No such city')));
    const ends: [tools: RunToolsParams['tools'], more: Partial<RunToolsParams>, total: unknown][] =
      [
        [[weather], {}, [10, '0.00001']],
        [[failing], { onToolError: 'throw' }, [10, '0.00001']],
        [[stubborn], {}, [10, '0.00001']],
      ];
    for (const [tools, more, total] of ends) {
      const { completions, emulator } = connect({ pricing });
      emulator.reply(first, { error: 'server_error' });
      const run = completions.runTools({ messages, tools, ...more });
      const isStubborn = tools[0] === stubborn;
      const outcome = failureOf(
        (async () => {
          for await (const { type } of run.events()) {
            if (isStubborn && type === 'tool.start') run.abort();
          }
        })(),
      );
      expect(await outcome).toBeDefined();
      expect(tokensOf(run)).toEqual(total);
    }
  });

  test('are not known any more once a step told none', async () => {
    const { completions, emulator } = connect({ provider: 'bytespike', pricing });
    const choice = { index: 0, delta: { content: 'Done.' }, finish_reason: 'stop' };
    emulator.reply(first, {
      writes: [`data: ${JSON.stringify({ id: 'x', choices: [choice] })}\n\ndata: [DONE]\n\n`],
    });
    const run = completions.runTools({ messages, tools: [weather] });
    const seen: unknown[] = [];
    for await (const { type } of run.events()) if (type === 'step.done') seen.push(run.usage);
    expect(seen).toEqual([expect.objectContaining({ total_tokens: 10 }), undefined]);
  });
});
