import { ChatError } from '../outcome/chat-error.ts';
import type { Input, InputValue } from '../schema/input.ts';
import { asStandardInput } from '../schema/judge.ts';
import type { Shaped } from '../schema/shape.ts';
import { misfits } from '../schema/shape.ts';
import type { StandardSchemaV1 } from '../schema/standard.ts';
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

const date = {
  optional: {
    text: {
      pattern: /^(0?[1-9]|1[0-2])\/(0?[1-9]|[12]\d|3[01])\/\d{4}$/,
      otherwise: 'must be m/d/yyyy',
    },
  },
} as const;

const text = { optional: 'string' } as const;
const flag = { optional: 'boolean' } as const;

const place = {
  strict: {
    city: text,
    country: { optional: { text: { pattern: /^[A-Z]{2}$/, otherwise: 'must be two capitals' } } },
    region: text,
    timezone: text,
  },
} as const;

const optionsInput = {
  strict: {
    prediction: {
      optional: {
        strict: {
          type: { oneOf: ['content'] },
          content: {
            either: ['string', { list: { strict: { type: { oneOf: ['text'] }, text: 'string' } } }],
          },
        },
      },
    },
    reasoning: {
      optional: {
        strict: {
          effort: { optional: { oneOf: ['low', 'medium', 'high'] } },
          max_tokens: { optional: { integer: { from: 1, to: 9_007_199_254_740_991 } } },
          exclude: flag,
        },
        apart: ['effort', 'max_tokens'],
      },
    },
    echo: flag,
    min_p: { optional: { number: { from: 0.001, to: 0.999 } } },
    top_k: { optional: 'number' },
    top_a: { optional: { number: { from: 0, to: 1 } } },
    repetition_penalty: 'number?',
    web_search_options: {
      optional: {
        strict: {
          search_context_size: { optional: { oneOf: ['low', 'medium', 'high'] } },
          user_location: {
            maybe: { strict: { type: { oneOf: ['approximate'] }, approximate: place } },
          },
        },
      },
    },
    search_mode: { optional: { oneOf: ['academic', 'web'] } },
    search_domain_filter: { optional: { list: 'string', most: 10 } },
    return_images: flag,
    return_related_questions: flag,
    search_recency_filter: { optional: { oneOf: ['day', 'week', 'month', 'year'] } },
    search_after_date_filter: date,
    search_before_date_filter: date,
    last_updated_after_filter: date,
    last_updated_before_filter: date,
  },
} as const satisfies Input;

const optionsSchema: StandardSchemaV1<AimlapiOptions> =
  /* @__PURE__ */ asStandardInput<InputValue<typeof optionsInput>>(optionsInput);

const balanceShape = {
  record: { current_balance: { either: ['string', 'number'] }, currency: 'string?' },
} as const;

/** GET /v2/billing (https://docs.aimlapi.com/api-references/service-endpoints/account-balance). */
function decodeBalance(body: unknown): Balance {
  if (misfits(balanceShape, body).length > 0) {
    throw new ChatError('invalid_response', "AIML API's answer is no balance");
  }
  const { current_balance, currency } = body as Shaped<typeof balanceShape>;
  const total = decimalString(current_balance);
  return { available: Number(total) > 0, currency: currency ?? undefined, total, raw: body };
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
  options: optionsSchema,
  hasOption: (key) => Object.hasOwn(optionsInput.strict, key),
  decodeBalance,
});
