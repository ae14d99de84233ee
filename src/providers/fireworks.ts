import { createDecoder } from '../dialect/decoder.ts';
import { createProvider } from '../dialect/define-provider.ts';

// Fireworks AI. Sources, as read on 2026-11-30 where no other day is named:
//   sdk     the request of its own SDK, made from its OpenAPI schema, https://github.com/fw-ai-external/python-sdk,
//           src/fireworks/types/chat/completion_create_params.py (documented)
//   think   https://docs.fireworks.ai/guides/reasoning (documented)
//   efforts https://github.com/anomalyco/models.dev/pull/6741, 2026-09-10 (measured by others)
//   ids     @earendil-works/pi-ai 1.5.2, read on 2026-11-25 (a peer's catalogue)

/** @internal */
export const fireworksDecoder = /* @__PURE__ */ createDecoder({
  profile: {
    id: 'fireworks',
    name: 'Fireworks',
    baseURL: 'https://api.fireworks.ai/inference/v1',
    apiKeyVariables: ['FIREWORKS_API_KEY'],
    paths: {},
    // ids: 384K of output. sdk: up to 4 stop sequences; names of functions up to 64.
    models: {
      'deepseek-v4-flash': {
        wireId: 'accounts/fireworks/models/deepseek-v4-flash-0731',
        generation: 'v4',
        caps: { max_tokens: 384_000, stop: 4, toolNameLength: 64 },
        parts: [],
      },
      'deepseek-v4-flash-0731': {
        wireId: 'accounts/fireworks/models/deepseek-v4-flash-0731',
        generation: 'v4',
        caps: { max_tokens: 384_000, stop: 4, toolNameLength: 64 },
        parts: [],
      },
      'deepseek-v4.1-flash': {
        wireId: 'accounts/fireworks/models/deepseek-v4p1-flash',
        generation: 'v4.1',
        caps: { max_tokens: 384_000, stop: 4, toolNameLength: 64 },
        // Whether it takes images here is not known.
        parts: [],
      },
      'deepseek-v4.1-flash-1017': {
        wireId: 'accounts/fireworks/models/deepseek-v4p1-flash-1017',
        generation: 'v4.1',
        caps: { max_tokens: 384_000, stop: 4, toolNameLength: 64 },
        parts: [],
      },
    },
    thinking: {
      // efforts: none, low, high, max; medium is high. `thinking.type` is taken as well; what happens without is not said.
      off: 'reasoning_effort none',
      on: 'reasoning_effort high',
      effort: {
        field: 'reasoning_effort',
        values: {
          minimal: 'low',
          low: 'low',
          medium: 'high',
          high: 'high',
          xhigh: 'high',
          max: 'max',
        },
      },
    },
    // sdk: all but this.
    parameters: { stream_options: 'dropped' },
    user: { field: 'user' },
    // sdk: json_object and json_schema.
    jsonSchema: 'sent',
    // sdk: required, and a named function.
    forcedToolChoice: 'sent',
    strictTools: 'sent',
    // sdk: a function without parameters has `{ type: 'object', properties: {} }`.
    parametersRequired: true,
    nullContent: 'empty',
    refusal: 'text',
    names: 'dropped',
    textParts: 'flattened',
    requestIdHeader: 'x-request-id',
  },
});

export const fireworks = /* @__PURE__ */ createProvider(fireworksDecoder);
