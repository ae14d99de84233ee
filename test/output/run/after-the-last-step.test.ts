import { expect, test } from 'vitest';
import { connect } from '../../kit/emulated.ts';
import { bodyOf, calling, done, messages, toldResults, weather } from '../../kit/tool-runs.ts';
import { vendors } from '../../kit/vendors.ts';

test.each(vendors)(
  'a run that has made its last step is answered from its messages, without another call: %s',
  async (provider) => {
    const { completions, emulator } = connect({ provider });
    emulator.reply(calling('Brno'), calling('Malmö'), done);
    const tools = [weather];
    const run = await completions.runTools({ messages, tools, maxSteps: 2 }).final();
    expect(run.end).toBe('max_steps');
    expect(run.messages.at(-1)?.role).toBe('tool');

    const { choices, report } = await completions.create({
      messages: run.messages,
      tools,
      tool_choice: 'none',
    });
    expect(choices[0].message.tool_calls).toBeUndefined();
    expect(choices[0].message.content).toBe('Done.');
    expect(report.completion).toBe('complete');
    const last = emulator.requests.at(-1);
    expect(toldResults(last)).toEqual(['Rain in Brno', 'Rain in Malmö']);
    expect(last?.undocumented).toEqual([]);
    const { tool_choice, tools: offered } = bodyOf(last);
    expect(tool_choice === 'none' || offered === undefined).toBe(true);
  },
);
