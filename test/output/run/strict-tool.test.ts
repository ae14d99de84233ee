import type { OutputSchema, ProviderId } from 'deepseek-v4-flash';
import { tool } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { calling, done, messages } from '../../kit/tool-runs.ts';
import { connect } from '../../kit/emulated.ts';
import { profileOf } from '../../kit/facts.ts';
import { vendors } from '../../kit/vendors.ts';

describe('a tool', () => {
  test('may be strict, where the vendor has that', async () => {
    const strict = tool({
      name: 'weather',
      parameters: z.object({ city: z.string() }),
      strict: true,
      execute: () => 'Rain',
    });
    const wired = async (provider: ProviderId) => {
      const { completions, emulator } = connect({ provider });
      emulator.reply(calling('Brno'), done);
      const { end } = await completions.runTools({ messages, tools: [strict] }).final();
      expect(end).toBe('answered');
      return emulator.requests.map(({ path, body }) => [path, body?.tools?.[0]?.function?.strict]);
    };
    for (const provider of vendors) {
      const { strictTools, paths } = profileOf(provider);
      const isStrict = strictTools === 'dropped' ? undefined : true;
      const sent = await wired(provider);
      expect(sent.map(([, strictly]) => strictly)).toEqual([isStrict, isStrict]);
      if (strictTools === 'beta') {
        expect(sent.map(([path]) => path)).toEqual([`/${paths.beta}`, `/${paths.beta}`]);
      }
    }
  });

  test('that is strict is closed on the wire, at every depth, and nothing else of it is changed', () => {
    const parameters = z.object({
      city: z.string().describe('Where'),
      from: z.object({ at: z.object({ lat: z.number() }) }),
      stops: z.array(z.object({ name: z.string(), note: z.string().nullable() })),
      by: z.union([z.object({ train: z.string() }), z.object({ car: z.string() })]),
      nothing: z.object({}),
    });
    const make = (strict: boolean) =>
      tool({ name: 'trip', parameters, strict, execute: () => '' }).function.parameters;
    /** How many objects of a schema are closed; takes that away from them. */
    const open = (schema: unknown): number => {
      if (typeof schema !== 'object' || schema === null) return 0;
      const { additionalProperties, type, properties, items, anyOf } = schema as Record<
        string,
        unknown
      >;
      delete (schema as Record<string, unknown>).additionalProperties;
      expect(additionalProperties).toBe(type === 'object' ? false : undefined);
      const inner = [...Object.values(properties ?? {}), items, ...((anyOf ?? []) as unknown[])];
      return inner.reduce<number>((sum, each) => sum + open(each), type === 'object' ? 1 : 0);
    };
    const strict = structuredClone(make(true));
    expect(open(strict)).toBe(7);
    expect(strict).toEqual(make(false));
  });

  test('that is strict may have a field that is called like a word of schemas', () => {
    const parameters = z.object({ properties: z.object({ items: z.string() }) });
    const strict = tool({ name: 'trip', parameters, strict: true, execute: () => '' });
    expect(strict.function.parameters).toEqual({
      type: 'object',
      properties: {
        properties: {
          type: 'object',
          properties: { items: { type: 'string' } },
          required: ['items'],
          additionalProperties: false,
        },
      },
      required: ['properties'],
      additionalProperties: false,
    });
  });

  test.each<[string, OutputSchema]>([
    ['objects that hold themselves', recursiveList()],
    ['an object of any key', z.object({ loose: z.looseObject({ a: z.string() }) })],
    ['a record', z.object({ all: z.record(z.string(), z.string()) })],
    [
      'an object of no fields',
      {
        schema: z.object({ any: z.unknown() }),
        jsonSchema: { type: 'object', properties: { any: { type: 'object' } }, required: ['any'] },
      },
    ],
  ])('that is strict is closed or refused, but never open, with %s', (_what, parameters) => {
    const open: unknown[] = [];
    try {
      const strict = tool({ name: 'trip', parameters, strict: true, execute: () => '' });
      JSON.stringify(strict.function.parameters, (_key, value: unknown) => {
        const node = value as { type?: unknown; additionalProperties?: unknown } | null;
        if (typeof node === 'object' && node?.type === 'object') {
          if (node.additionalProperties !== false) open.push(node);
        }
        return value;
      });
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_request' });
    }
    expect(open).toEqual([]);
  });

  function recursiveList() {
    const comment = z.object({
      by: z.string(),
      get replies() {
        return z.array(comment);
      },
    });
    return z.object({ top: comment });
  }

  const reply = z.object({
    by: z.string(),
    get parent() {
      return z.optional(reply);
    },
  });

  test.each<[string, z.ZodObject, string[]]>([
    ['an optional field', z.object({ city: z.string(), days: z.number().optional() }), ['days']],
    ['a field with a default', z.object({ days: z.number().default(3) }), ['days']],
    [
      'two optional fields',
      z.object({ a: z.string().optional(), b: z.string(), c: z.string().nullish() }),
      ['a', 'c'],
    ],
    [
      'an optional field in an object',
      z.object({ from: z.object({ at: z.object({ zip: z.string().optional() }) }) }),
      ['from.at.zip'],
    ],
    [
      'an optional field in a list',
      z.object({ stops: z.array(z.object({ zip: z.string().optional() })) }),
      ['stops.zip'],
    ],
    [
      'an optional field in an alternative',
      z.object({ by: z.union([z.string(), z.object({ car: z.string().optional() })]) }),
      ['by.car'],
    ],
  ])('that is strict is refused with %s, and told where it is', (_what, parameters, fields) => {
    const paths = fields.map((field) => `parameters.${field}`);
    const make = () => tool({ name: 'trip', parameters, strict: true, execute: () => '' });
    expect(make).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        param: paths[0],
        issues: paths.map((path) => ({
          path,
          message: expect.stringContaining('nullable') as string,
        })),
      }),
    );
    expect(() => tool({ name: 'trip', parameters, execute: () => '' })).not.toThrow();
  });

  test.each<[string, z.ZodObject]>([
    ['an object that holds itself', z.object({ top: reply })],
    ['a tuple', z.object({ pair: z.tuple([z.object({ zip: z.string().optional() })]) })],
    ['a record', z.object({ all: z.record(z.string(), z.object({ zip: z.string().optional() })) })],
  ])('that is strict is refused with an optional field in %s', (_what, parameters) => {
    const make = () => tool({ name: 'trip', parameters, strict: true, execute: () => '' });
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  test.each<[string, () => unknown, string]>([
    [
      'without an object of arguments',
      () => tool({ name: 'a', parameters: z.string() as never, execute: () => '' }),
      'parameters',
    ],
    [
      'with alternatives at the top',
      () =>
        tool({
          name: 'a',
          parameters: z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]),
          execute: () => '',
        }),
      'parameters',
    ],
    [
      'with a type that JSON has not',
      () => tool({ name: 'a', parameters: z.object({ on: z.date() }), execute: () => '' }),
      'parameters',
    ],
    [
      'with no schema',
      () => tool({ name: 'a', parameters: { type: 'object' } as never, execute: () => '' }),
      'parameters',
    ],
    [
      'without a function',
      () => tool({ name: 'a', parameters: z.object({}), execute: undefined as never }),
      'execute',
    ],
  ])('%s is refused', (_name, make, param) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });
});
