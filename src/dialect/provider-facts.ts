import * as z from 'zod/mini';
import type { OptionHints } from '../outcome/invalid-options.ts';
import { invalidOptions, ownOptions } from '../outcome/invalid-options.ts';
import type { ReasoningEffort } from '../schema/reasoning-effort.ts';
import { reasoningEfforts } from '../schema/reasoning-effort.ts';
import { validate, once, unknownField } from '../schema/standard.ts';
import type { EffortField, ThinkingStyle } from './thinking.ts';

// TypeScript checks facts at compile time. Without it, mistakes would only show after the first paid call.

const text = () => z.string().check(z.minLength(1, 'must be text'));
const flag = () => z.optional(z.boolean());
const count = () => z.optional(z.number().check(z.gte(0)));
const path = () => z.optional(text());
const decimal = () =>
  z.string().check(z.regex(/^\d+(\.\d+)?$/, 'must be a decimal number as text'));
const day = () => z.string().check(z.regex(/^\d{4}-\d\d-\d\d$/, 'must be a day, YYYY-MM-DD'));
const words = <const Words extends readonly string[]>(...all: Words) => z.optional(z.enum(all));

const rule = () => words('sent', 'dropped', 'ineffective', 'ineffective while thinking');

type Effort = Exclude<ReasoningEffort, 'none' | 'ultra'>;

const effortTexts = () =>
  Object.fromEntries(
    reasoningEfforts
      .filter((each) => each !== 'none' && each !== 'ultra')
      .map((each) => [each, text()]),
  ) as Record<Effort, ReturnType<typeof text>>;

// Plain strings, which bundlers can leave out; they keep `String.raw`.
const switchField =
  'thinking\\.type|reasoning\\.enabled|enable_thinking|chat_template_kwargs\\.\\w+';
const effortField =
  '(?:thinking\\.)?reasoning_effort|reasoning\\.effort|chat_template_kwargs\\.\\w+';

/** A text of that form, for which TypeScript has a type and zod/mini none. */
const matching = <T>(pattern: string, what: string) =>
  z.custom<T>(
    (value) => typeof value === 'string' && new RegExp(`^(?:${pattern})$`).test(value),
    `must be ${what}`,
  );

const thinkingSwitch = <T>(pattern: string, more: string) =>
  z.optional(
    matching<T>(
      `${switchField}|(?:${effortField}) \\S+${pattern}`,
      'thinking.type, reasoning.enabled, enable_thinking, chat_template_kwargs.<name>, or a field for the effort and ' +
        `a value, as in "reasoning_effort none"${more}`,
    ),
  );

const thinking = () =>
  z.strictObject({
    off: thinkingSwitch<ThinkingStyle['off']>('', ''),
    on: thinkingSwitch<ThinkingStyle['on']>('|default', ', or default'),
    byDefault: words('on', 'off', 'unknown'),
    effort: z.optional(
      z.strictObject({
        field: matching<EffortField>(
          effortField,
          'reasoning_effort, thinking.reasoning_effort, reasoning.effort or chat_template_kwargs.<name>',
        ),
        values: z.strictObject(effortTexts()),
      }),
    ),
  });

const prices = () =>
  z.strictObject({
    date: z.optional(z.string()),
    cacheHit: decimal(),
    cacheMiss: decimal(),
    output: decimal(),
    peak: z.optional(
      z.strictObject({
        factor: z.number().check(z.gte(0)),
        hoursUTC: z.array(z.tuple([z.number(), z.number()])),
        days: z.array(z.number()),
        holidays: z.optional(
          z.strictObject({ years: z.array(z.number()), days: z.array(z.tuple([day(), day()])) }),
        ),
      }),
    ),
  });

const parameters = () =>
  z.strictObject({
    temperature: rule(),
    top_p: rule(),
    frequency_penalty: rule(),
    presence_penalty: rule(),
    seed: rule(),
    logit_bias: rule(),
    logprobs: rule(),
    parallel_tool_calls: rule(),
    stream_options: rule(),
  });

const caps = () =>
  z.strictObject({
    max_tokens: count(),
    stop: count(),
    top_p: count(),
    seed: z.optional(z.number()),
    toolNameLength: count(),
  });

const parts = () => z.array(z.enum(['image_url', 'input_audio', 'file', 'video_url']));

const model = () =>
  z.strictObject({
    wireId: z.optional(text()),
    aliases: z.optional(z.array(text())),
    generation: words('v4', 'v4.1'),
    caps: z.optional(caps()),
    effectiveTopP: count(),
    thinking: z.optional(thinking()),
    prices: z.optional(prices()),
    parts: z.optional(parts()),
    contextWindow: z.optional(text()),
  });

/** A model over which no other facts are put. */
const wholeModel = () =>
  z.strictObject({ ...model()._zod.def.shape, caps: caps(), parts: parts() });

const ends = () => z.enum(['good', 'length', 'content_filter', 'interrupted']);

/** The facts of a provider; each may be left out. A type test holds them equal to those of a profile. */
export const factsZod = /* @__PURE__ */ once(() =>
  z.strictObject({
    id: z
      .string()
      .check(z.regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 characters of a-z A-Z 0-9 _ . -')),
    name: z.optional(text()),
    baseURL: z.optional(text()),
    regions: z.optional(
      z.array(
        z.strictObject({
          baseURL: text(),
          models: z.optional(z.record(z.string(), wholeModel())),
        }),
      ),
    ),
    apiKeyVariables: z.optional(z.array(text())),
    paths: z.optional(
      z.strictObject({ chat: path(), beta: path(), models: path(), balance: path() }),
    ),
    fim: z.optional(z.strictObject({ path: text(), max_tokens: z.number().check(z.gte(1)) })),
    baseURLEndings: z.optional(z.array(text())),
    modelPrefix: z.optional(z.string()),
    models: z.optional(z.record(z.string(), model())),
    modelAliases: z.optional(z.array(text())),
    caps: z.optional(caps()),
    contextWindow: z.optional(text()),
    thinking: z.optional(thinking()),
    parameters: z.optional(parameters()),
    user: z.optional(
      z.strictObject({
        field: z.enum(['user_id', 'user']),
        pattern: z.optional(z.instanceof(RegExp)),
      }),
    ),
    jsonSchema: words('sent', 'sent with schema', 'json_object', 'dropped'),
    forcedToolChoice: words('sent', 'thinking off', 'required as auto', 'as auto'),
    strictTools: words('sent', 'beta', 'dropped'),
    parametersRequired: flag(),
    nullContent: words('empty', 'omitted'),
    refusal: words('text', 'sent'),
    names: words('sent', 'not on tool', 'dropped'),
    textParts: words('sent', 'flattened', 'flattened in tool'),
    parts: z.optional(parts()),
    fileParts: words('nested', 'flat'),
    prefix: words('beta', 'undocumented'),
    cost: words('usage.cost', 'meta.usage.usd_spent'),
    prices: z.optional(prices()),
    insufficientBalanceStatuses: z.optional(z.array(z.number())),
    finishReasons: z.optional(z.record(z.string(), ends())),
    serverTools: z.optional(text()),
    requestIdHeader: z.optional(text()),
    rateLimitResetHeader: z.optional(text()),
    serverErrorRetries: count(),
    unbilledStatuses: z.optional(z.array(z.union([z.number(), z.literal('5xx')]))),
  }),
);

const hints: OptionHints = { apiKey: 'apiKey, an option of createClient', model: 'modelPrefix' };

/**
 * What was given of a provider: facts that are what they must be, and whatever else it may hold.
 *
 * @param more names beside those of the facts
 * @throws ChatError `invalid_options`
 */
export function readFacts<Spec extends object>(
  spec: Spec,
  more: readonly string[],
): Partial<Spec> & Record<string, unknown> {
  const { shape } = factsZod()._zod.def;
  const what = 'The facts of a provider';
  const given = ownOptions<Record<string, unknown>>(
    spec as Record<string, unknown>,
    [...Object.keys(shape), ...more],
    what,
    hints,
  );
  for (const group of ['paths', 'caps', 'thinking', 'parameters', 'prices'] as const) {
    const { innerType } = shape[group]._zod.def;
    // For a suggestion of the right name, which the schema does not give.
    if (given[group] != null) {
      ownOptions(given[group], Object.keys(innerType._zod.def.shape), `Fact ${group}`);
    }
  }
  for (const [id, entry] of Object.entries(given.models ?? {})) {
    ownOptions(entry as object, Object.keys(model()._zod.def.shape), `Fact models.${id}`);
  }
  const facts = Object.entries(given).filter(([name]) => name in shape);
  const checked = validate(factsZod(), Object.fromEntries(facts));
  if (checked.ok) return given as Partial<Spec> & Record<string, unknown>;
  const [first] = checked.issues;
  const why = first?.message === unknownField ? 'is not a known fact' : first?.message;
  throw invalidOptions(first?.path ?? '', `Fact ${first?.path} of a provider: ${why}`);
}
