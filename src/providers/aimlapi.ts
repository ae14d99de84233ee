import * as z from 'zod/mini';
import { ChatError } from '../outcome/chat-error.ts';
import { asStandardSchema, once } from '../schema/standard.ts';
import { createDecoder } from '../dialect/decoder.ts';
import { createProvider } from '../dialect/define-provider.ts';
import { decimalString } from '../cost/decimal.ts';
import { decodeError } from '../dialect/decode-error.ts';
import type { DecodedFailure, Profile, VendorFailure } from '../dialect/profile.ts';
import type { Balance } from '../schema/account.ts';

// AIML API. Sources, as read on 2026-11-20:
//   model   https://docs.aimlapi.com/api-references/text-models-llm/deepseek/deepseek-v4-flash (its OpenAPI schema)
//   errors  https://docs.aimlapi.com/errors-and-messages/errors-with-status-code-4xx
//   trace   https://docs.aimlapi.com/capabilities/request-tracing-and-cost
//   probes  https://github.com/anomalyco/models.dev/pull/6189 (September 2026)

/** Fields that only AIML API documents. */
export interface AimlapiOptions {
  /** Text that much of the answer is expected to repeat. */
  prediction?: { type: 'content'; content: string | { type: 'text'; text: string }[] } | undefined;
  /** Either an effort or a number of tokens, and whether to leave the reasoning out of the answer. */
  reasoning?:
    | {
        effort?: 'low' | 'medium' | 'high' | undefined;
        /** At least 1; not together with `effort`. */
        max_tokens?: number | undefined;
        exclude?: boolean | undefined;
      }
    | undefined;
  /** Repeat the prompt in the answer. */
  echo?: boolean | undefined;
  /** 0.001 to 0.999. */
  min_p?: number | undefined;
  top_k?: number | undefined;
  /** 0 to 1. */
  top_a?: number | undefined;
  repetition_penalty?: number | null | undefined;
  web_search_options?:
    | {
        search_context_size?: 'low' | 'medium' | 'high' | undefined;
        user_location?:
          | {
              type: 'approximate';
              approximate: {
                city?: string | undefined;
                /** Two capital letters. */
                country?: string | undefined;
                region?: string | undefined;
                timezone?: string | undefined;
              };
            }
          | null
          | undefined;
      }
    | undefined;
  search_mode?: 'academic' | 'web' | undefined;
  /** Up to 10 domains. */
  search_domain_filter?: string[] | undefined;
  return_images?: boolean | undefined;
  return_related_questions?: boolean | undefined;
  search_recency_filter?: 'day' | 'week' | 'month' | 'year' | undefined;
  /** m/d/yyyy. */
  search_after_date_filter?: string | undefined;
  /** m/d/yyyy. */
  search_before_date_filter?: string | undefined;
  /** m/d/yyyy. */
  last_updated_after_filter?: string | undefined;
  /** m/d/yyyy. */
  last_updated_before_filter?: string | undefined;
}

const between = (minimum: number, maximum: number) =>
  z.optional(z.number().check(z.gte(minimum), z.lte(maximum)));

const date = () =>
  z.optional(
    z
      .string()
      .check(z.regex(/^(0?[1-9]|1[0-2])\/(0?[1-9]|[12]\d|3[01])\/\d{4}$/, 'must be m/d/yyyy')),
  );

const text = () => z.optional(z.string());

const optionFields = /* @__PURE__ */ once(() => ({
  prediction: z.optional(
    z.strictObject({
      type: z.literal('content'),
      content: z.union([
        z.string(),
        z.array(z.strictObject({ type: z.literal('text'), text: z.string() })),
      ]),
    }),
  ),
  reasoning: z.optional(
    z
      .strictObject({
        effort: z.optional(z.enum(['low', 'medium', 'high'])),
        max_tokens: z.optional(z.int().check(z.gte(1))),
        exclude: z.optional(z.boolean()),
      })
      .check(
        z.refine(
          ({ effort, max_tokens }) => effort === undefined || max_tokens === undefined,
          'takes `effort` or `max_tokens`, not both',
        ),
      ),
  ),
  echo: z.optional(z.boolean()),
  min_p: between(0.001, 0.999),
  top_k: z.optional(z.number()),
  top_a: between(0, 1),
  repetition_penalty: z.optional(z.nullable(z.number())),
  web_search_options: z.optional(
    z.strictObject({
      search_context_size: z.optional(z.enum(['low', 'medium', 'high'])),
      user_location: z.optional(
        z.nullable(
          z.strictObject({
            type: z.literal('approximate'),
            approximate: z.strictObject({
              city: text(),
              country: z.optional(z.string().check(z.regex(/^[A-Z]{2}$/, 'must be two capitals'))),
              region: text(),
              timezone: text(),
            }),
          }),
        ),
      ),
    }),
  ),
  search_mode: z.optional(z.enum(['academic', 'web'])),
  search_domain_filter: z.optional(z.array(z.string()).check(z.maxLength(10))),
  return_images: z.optional(z.boolean()),
  return_related_questions: z.optional(z.boolean()),
  search_recency_filter: z.optional(z.enum(['day', 'week', 'month', 'year'])),
  search_after_date_filter: date(),
  search_before_date_filter: date(),
  last_updated_after_filter: date(),
  last_updated_before_filter: date(),
}));

const optionsZod = /* @__PURE__ */ once(() => z.strictObject(optionFields()));

const balanceZod = /* @__PURE__ */ once(() =>
  z.looseObject({
    current_balance: z.union([z.string(), z.number()]),
    currency: z.optional(z.string()),
  }),
);

/** GET /v2/billing (https://docs.aimlapi.com/api-references/service-endpoints/account-balance). */
function decodeBalance(body: unknown): Balance {
  const result = z.safeParse(balanceZod(), body);
  if (!result.success) throw new ChatError('invalid_response', "AIML API's answer is no balance");
  const { current_balance, currency } = result.data;
  const total = decimalString(current_balance);
  return { available: Number(total) > 0, currency, total, raw: body };
}

/**
 * `reasoning_effort: 'none'` switches thinking off here (probes), though the page does not list it; so it may be refused
 * one day, and then the caller should hear of what it asked for.
 */
function decodeAimlapiError(failure: VendorFailure, profile: Profile): DecodedFailure {
  const decoded = decodeError(failure, profile);
  if (failure.status !== 400 || !/reasoning_effort/.test(JSON.stringify(failure.body) ?? '')) {
    return decoded;
  }
  return { ...decoded, code: 'unsupported_parameter', param: 'thinking' };
}

/** @internal */
export const aimlapiDecoder = /* @__PURE__ */ createDecoder({
  profile: {
    id: 'aimlapi',
    name: 'AIML API',
    baseURL: 'https://api.aimlapi.com/v1',
    apiKeyVariables: ['AIMLAPI_KEY', 'AIML_API_KEY'],
    // https://docs.aimlapi.com/api-references/service-endpoints/complete-model-list and …/account-balance
    paths: { models: 'models', balance: '../v2/billing' },
    // model: the enum of `model`.
    modelPrefix: 'deepseek/',
    models: {
      'deepseek-v4-flash': {
        generation: 'v4',
        caps: {
          // model: max_tokens has a minimum of 1 and no maximum; "Up to 4 sequences"; top_p from 0.01; seed from 1; tool
          // names up to 64.
          stop: 4,
          top_p: 0.01,
          seed: 1,
          toolNameLength: 64,
        },
        // model: "supports up to 1M context length".
        contextWindow: '1M',
        // model: text alone.
        parts: [],
      },
    },
    thinking: {
      // probes: a real switch; `thinking` is taken and has no effect. Without it the model thinks.
      off: 'reasoning_effort none',
      on: 'default',
      byDefault: 'on',
      effort: {
        field: 'reasoning_effort',
        // model: low, medium, high.
        values: {
          minimal: 'low',
          low: 'low',
          medium: 'medium',
          high: 'high',
          xhigh: 'high',
          max: 'high',
        },
      },
    },
    parameters: {},
    // model: neither `user` nor `user_id`; so `user` stays away.
    // model: json_schema { name, description, schema, strict }.
    jsonSchema: 'sent',
    // The model behind it is DeepSeek's own.
    forcedToolChoice: 'thinking off',
    strictTools: 'sent',
    // model: function.parameters is required.
    parametersRequired: true,
    // model: an assistant's content may be left out, not be null.
    nullContent: 'omitted',
    // model: a refusal has a field and a part of its own.
    refusal: 'sent',
    names: 'sent',
    // model: a tool message's content is a string.
    textParts: 'flattened in tool',
    // trace: in the body, and in the last event of a stream.
    cost: 'meta.usage.usd_spent',
    // errors: 403 is an empty account.
    insufficientBalanceStatuses: [403],
    // trace: on every answer.
    requestIdHeader: 'x-inference-id',
  },
  decodeError: decodeAimlapiError,
});

export const aimlapi = /* @__PURE__ */ createProvider(aimlapiDecoder, {
  options: /* @__PURE__ */ asStandardSchema<AimlapiOptions>(optionsZod),
  hasOption: (key) => Object.hasOwn(optionFields(), key),
  decodeBalance,
});
