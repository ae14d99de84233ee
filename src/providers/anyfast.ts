import { createDecoder } from '../dialect/decoder.ts';
import { createProvider } from '../dialect/define-provider.ts';

// Anyfast. Sources, as read on 2026-11-20:
//   guide   Anyfast's guide to DeepSeek V4 Flash, linked from https://docs.anyfast.ai/llms.txt
//   api     https://docs.anyfast.ai/api-reference/model-api/deepseek/deepseek-v4-flash and its Chinese twin
//   errors  https://docs.anyfast.ai/api-reference/introduction

/** @internal */
export const anyfastDecoder = /* @__PURE__ */ createDecoder({
  id: 'anyfast',
  name: 'Anyfast',
  apiKeyVariables: ['ANYFAST_API_KEY'],
});

export const anyfast = /* @__PURE__ */ createProvider(anyfastDecoder, {
  // guide: with "www".
  baseURL: 'https://www.anyfast.ai/v1',
  paths: {},
  models: {
    'deepseek-v4-flash': {
      generation: 'v4',
      caps: {
        // No figure of its own; this is the model's.
        max_tokens: 393_216,
        // guide: up to 16.
        stop: 16,
        toolNameLength: 128,
      },
      parts: [],
    },
  },
  thinking: {
    // guide: `thinking` { type: enabled | disabled, reasoning_effort: high | max | low | medium }.
    off: 'thinking.type',
    on: 'thinking.type',
    effort: {
      field: 'thinking.reasoning_effort',
      values: {
        minimal: 'low',
        low: 'low',
        medium: 'medium',
        high: 'high',
        xhigh: 'max',
        max: 'max',
      },
    },
  },
  parameters: {
    // api: "Passed through but has no effect".
    frequency_penalty: 'ineffective',
    presence_penalty: 'ineffective',
    // In neither list of parameters.
    seed: 'dropped',
    logit_bias: 'dropped',
    logprobs: 'dropped',
    parallel_tool_calls: 'dropped',
  },
  // api: `user_id`, ^[a-zA-Z0-9\-_]+$, at most 512 characters.
  user: { field: 'user_id', pattern: /^[a-zA-Z0-9_-]+$/ },
  // guide: json_object.
  jsonSchema: 'json_object',
  forcedToolChoice: 'thinking off',
  strictTools: 'dropped',
  nullContent: 'empty',
  refusal: 'text',
  names: 'dropped',
  // api: content is a string.
  textParts: 'flattened',
  requestIdHeader: 'x-request-id',
});
