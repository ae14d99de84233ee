import { createDecoder } from '../dialect/decoder.ts';
import { createProvider } from '../dialect/define-provider.ts';

// ByteSpike. Sources, as read on 2026-11-20:
//   model   https://docs.bytespike.ai/api-reference/text/deepseek-v4-flash
//   chat    the general page on chat completions of the same documentation
//   errors  https://docs.bytespike.ai/concepts/errors-reference
//   limits  https://docs.bytespike.ai/concepts/rate-limits

/** @internal */
export const bytespikeDecoder = /* @__PURE__ */ createDecoder({
  id: 'bytespike',
  name: 'ByteSpike',
  apiKeyVariables: ['BYTESPIKE_API_KEY'],
  // model: 64K; its other pages say 128K.
  models: { 'deepseek-v4-flash': { contextWindow: '64K' } },
});

export const bytespike = /* @__PURE__ */ createProvider(bytespikeDecoder, {
  baseURL: 'https://llm.bytespike.ai/v1',
  paths: { models: 'models' },
  models: {
    'deepseek-v4-flash': {
      generation: 'v4',
      caps: {
        // model: "Max output 8192 tokens".
        max_tokens: 8192,
        stop: 16,
        toolNameLength: 128,
      },
      // model: no vision.
      parts: [],
    },
  },
  // model: a "fast non-thinking mode", without any switch.
  thinking: {},
  // In none of its lists of parameters.
  parameters: { logit_bias: 'dropped', logprobs: 'dropped', parallel_tool_calls: 'dropped' },
  user: { field: 'user' },
  jsonSchema: 'json_object',
  // chat: none, auto and a named function.
  forcedToolChoice: 'required as auto',
  strictTools: 'dropped',
  nullContent: 'empty',
  refusal: 'text',
  names: 'dropped',
  textParts: 'flattened',
  requestIdHeader: 'x-request-id',
  // limits: Unix seconds, on 429.
  rateLimitResetHeader: 'x-ratelimit-reset',
  // model: 5xx "auto-retry" at the vendor.
  serverErrorRetries: 1,
  // model: "Billed? No".
  unbilledStatuses: [400, 401, 402, 422, 429, '5xx'],
});
