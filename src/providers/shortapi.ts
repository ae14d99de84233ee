import type { Input, InputValue } from '../schema/input.ts';
import { asStandardInput } from '../schema/judge.ts';
import type { StandardSchemaV1 } from '../schema/standard.ts';
import { createDecoder } from '../dialect/decoder.ts';
import { createProvider } from '../dialect/define-provider.ts';

// ShortAPI. Source: its page of the model deepseek/deepseek-v4-flash, as read on 2026-11-20. No page on errors exists.

/** Fields that only ShortAPI documents. */
export interface ShortapiOptions {
  /** Kinds of answer that are asked for, e.g. `text`. */
  modalities?: string[] | undefined;
  /** Format and voice of a spoken answer. */
  audio?: { format?: string | undefined; voice?: string | undefined } | undefined;
}

const optionsInput = {
  strict: {
    modalities: { optional: { list: 'string' } },
    audio: {
      optional: { strict: { format: { optional: 'string' }, voice: { optional: 'string' } } },
    },
  },
} as const satisfies Input;

const optionsSchema: StandardSchemaV1<ShortapiOptions> =
  /* @__PURE__ */ asStandardInput<InputValue<typeof optionsInput>>(optionsInput);

/** @internal */
export const shortapiDecoder = /* @__PURE__ */ createDecoder({
  id: 'shortapi',
  name: 'ShortAPI',
  apiKeyVariables: ['SHORTAPI_KEY'],
});

export const shortapi = /* @__PURE__ */ createProvider(
  shortapiDecoder,
  {
    baseURL: 'https://api.shortapi.ai/v1',
    paths: {},
    modelPrefix: 'deepseek/',
    models: {
      'deepseek-v4-flash': {
        generation: 'v4',
        caps: {
          // No bound is stated; each of its samples sends this.
          max_tokens: 384_000,
          stop: 16,
          toolNameLength: 128,
        },
        parts: ['image_url', 'input_audio', 'file', 'video_url'],
        prices: { date: '2026-11-20', cacheHit: '0.0028', cacheMiss: '0.14', output: '0.28' },
      },
    },
    thinking: {
      // No switch; `reasoning_effort` low, medium, high.
      on: 'default',
      effort: {
        field: 'reasoning_effort',
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
    // Not in its list of parameters.
    parameters: { logprobs: 'dropped', parallel_tool_calls: 'dropped' },
    user: { field: 'user' },
    // The page's key for the schema is `schema`; the gateway software that its page is a translation of reads OpenAI's.
    jsonSchema: 'sent with schema',
    forcedToolChoice: 'sent',
    strictTools: 'dropped',
    nullContent: 'empty',
    refusal: 'text',
    names: 'sent',
    textParts: 'sent',
    requestIdHeader: 'x-request-id',
  },
  {
    options: optionsSchema,
    hasOption: (key) => Object.hasOwn(optionsInput.strict, key),
  },
);
