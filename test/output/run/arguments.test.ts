import { tool } from 'deepseek-v4-flash';
import type { EmulatorRequest } from 'deepseek-v4-flash/testing';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  bodyOf,
  calling,
  done,
  expectToGoOn,
  messages,
  settled,
  toldResults,
  weatherThat,
} from '../../kit/tool-runs.ts';
import { connect, wireMessages } from '../../kit/emulated.ts';
import { failureOf } from '../../kit/failures.ts';

describe('arguments', () => {
  test('that do not fit are told to the model with their paths, and the corrected call runs', async () => {
    const { completions, emulator } = connect();
    const ran: unknown[] = [];
    const trip = tool({
      name: 'trip',
      parameters: z.object({
        from: z.object({ city: z.string() }),
        days: z.array(z.number().int()),
      }),
      execute: (args) => void ran.push(args),
    });
    const good = { from: { city: 'Brno' }, days: [1, 2] };
    const calls = [{ from: { city: 7 }, days: [1, 'two'] }, [], good];
    emulator.reply(
      {
        tool_calls: calls
          .slice(0, 2)
          .map((args, at) => ({ id: `c${at}`, name: 'trip', arguments: args })),
      },
      { tool_calls: [{ id: 'c2', name: 'trip', arguments: good }] },
      done,
    );
    // Not for the caller to hear of, also where failures of tools are.
    const { steps, end } = await completions
      .runTools({ messages, tools: [trip], onToolError: 'throw' })
      .final();
    expect(end).toBe('answered');
    expect(ran).toEqual([good]);
    expect(steps[0]?.results.map(({ failure }) => failure)).toEqual([
      'invalid_arguments',
      'invalid_arguments',
    ]);
    const [told] = toldResults(emulator.requests[1]);
    const { error, issues } = JSON.parse(told as string) as { error: string; issues: string[] };
    expect(error).toMatch(/do not fit/);
    expect(issues.map((issue) => issue.split(':')[0])).toEqual(['from.city', 'days.1']);
    expect(steps[1]?.results[0]).not.toHaveProperty('failure');
  });

  // zod leaves a rejected promise behind here, so this schema is made by hand.
  const broken = (reason: Error) =>
    tool({
      name: 'weather',
      parameters: {
        schema: {
          '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(reason) },
        },
        jsonSchema: { type: 'object', properties: { city: { type: 'string' } } },
      },
      execute: () => 'Rain',
    });

  test('whose check fails by itself are a failure of the tool', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno'), done);
    const reason = new Error('No database');
    const { steps } = await completions.runTools({ messages, tools: [broken(reason)] }).final();
    expect(steps[0]?.results[0]).toMatchObject({
      failure: 'tool_error',
      error: { code: 'invalid_output', cause: reason },
    });
  });

  test('whose check fails by itself end the run where failures do, and it can be sent on', async () => {
    const { completions, emulator } = connect();
    emulator.reply(calling('Brno', 'Malmö'), done);
    const reason = new Error('No database');
    const tools = [broken(reason)];
    const run = completions.runTools({ messages, tools, onToolError: 'throw' });
    expect(await failureOf(run.final())).toMatchObject({ code: 'invalid_output', cause: reason });
    await expectToGoOn(run.messages);
  });

  test('are checked by asynchronous schemas too', async () => {
    const { completions, emulator } = connect();
    const ran: string[] = [];
    const known = tool({
      name: 'weather',
      parameters: z.object({
        city: z.string().refine(async (city) => {
          await settled();
          return city === 'Brno';
        }, 'is not known'),
      }),
      execute: ({ city }) => void ran.push(city),
    });
    emulator.reply(calling('Brno', 'Atlantis'), done);
    await completions.runTools({ messages, tools: [known] }).final();
    expect(ran).toEqual(['Brno']);
    expect(toldResults(emulator.requests[1])[1]).toContain('city: is not known');
  });

  test('reach the tool as the schema makes them; the model is asked for their other form', async () => {
    const { completions, emulator } = connect();
    const seen: unknown[] = [];
    const dated = tool({
      name: 'weather',
      parameters: z.object({
        city: z.string().transform((city) => ({ upper: city.toUpperCase() })),
        days: z.number().default(3),
        on: z
          .string()
          .transform((text) => new Date(text))
          .optional(),
      }),
      execute: (args, { call }) => void seen.push(args, call.function.arguments),
    });
    emulator.reply(
      { tool_calls: [{ name: 'weather', arguments: { city: 'Brno', on: '2026-11-20' } }] },
      done,
    );
    const approve = (_call: unknown, args: unknown) => {
      seen.push(args);
      return true;
    };
    await completions.runTools({ messages, tools: [dated], approve }).final();
    const args = { city: { upper: 'BRNO' }, days: 3, on: new Date('2026-11-20') };
    expect(seen).toEqual([args, args, '{"city":"Brno","on":"2026-11-20"}']);
    const [wire] = bodyOf(emulator.requests[0]).tools ?? [];
    expect(wire?.function?.parameters).toMatchObject({
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'number' }, on: { type: 'string' } },
      required: ['city'],
    });
    expect(JSON.stringify(wire)).not.toContain('$schema');
    // What goes back is what the model wrote.
    const [, assistant] = wireMessages(emulator.requests[1] as EmulatorRequest);
    expect(assistant?.tool_calls?.[0]?.function?.arguments).toBe(
      '{"city":"Brno","on":"2026-11-20"}',
    );
  });

  test('that are named like a prototype pollute nothing', async () => {
    const { completions, emulator } = connect();
    const seen: object[] = [];
    const text =
      '{"city":"Brno","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    const call = (id: string, name: string) => ({ id, name, arguments: text });
    emulator.reply(
      { tool_calls: [call('a', 'loose'), call('b', 'weather'), call('c', '__proto__')] },
      { tool_calls: [{ id: 'd', name: 'constructor', arguments: '{"__proto__":null}' }] },
      done,
    );
    const loose = tool({
      name: 'loose',
      parameters: z.looseObject({ city: z.string() }),
      execute: (args) => void seen.push(args),
    });
    const plain = weatherThat((args) => void seen.push(args));
    const { end } = await completions.runTools({ messages, tools: [loose, plain] }).final();
    expect(end).toBe('answered');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(seen).toHaveLength(2);
    for (const args of seen) expect((args as { polluted?: boolean }).polluted).toBeUndefined();
    const [, assistant] = wireMessages(emulator.requests[1] as EmulatorRequest);
    expect(assistant?.tool_calls?.[0]?.function?.arguments).toBe(text);
  });
});
