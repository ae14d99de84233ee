import { createDecoder } from '../dialect/decoder.ts';
import { createProvider } from '../dialect/define-provider.ts';

// DeepInfra. Sources, as read on 2026-11-30 where no other day is named:
//   docs    https://deepinfra.com/docs/openai_api (documented)
//   schema  its OpenAPI schema, as in https://github.com/tryAGI/DeepInfra, OpenaiChatCompletions (documented, read in a copy
//           that is older than the models here)
//   client  https://docs.rs/deepinfra-client-rs, made from the same schema (a peer's)
//   staff   https://github.com/can1357/oh-my-pi/issues/9522, by DeepInfra's staff and with probes of 2026-08-24
//   caps    https://github.com/anomalyco/models.dev of July 2026, read on 2026-11-25 (a peer's catalogue)
//   ids     @earendil-works/pi-ai 1.5.2, read on 2026-11-25 (a peer's catalogue)

/** @internal */
export const deepinfraDecoder = /* @__PURE__ */ createDecoder({
  profile: {
    id: 'deepinfra',
    name: 'DeepInfra',
    baseURL: 'https://api.deepinfra.com/v1/openai',
    apiKeyVariables: ['DEEPINFRA_API_KEY'],
    paths: {},
    // schema: up to 16 stop sequences.
    models: {
      'deepseek-v4-flash': {
        wireId: 'deepseek-ai/DeepSeek-V4-Flash',
        generation: 'v4',
        caps: { max_tokens: 16_384, stop: 16 },
        parts: [],
      },
      'deepseek-v4-flash-0731': {
        wireId: 'deepseek-ai/DeepSeek-V4-Flash-0731',
        generation: 'v4',
        caps: { max_tokens: 16_384, stop: 16 },
        parts: [],
      },
      'deepseek-v4.1-flash': {
        wireId: 'deepseek-ai/DeepSeek-V4.1-Flash',
        generation: 'v4.1',
        caps: { max_tokens: 16_384, stop: 16 },
        // Whether it takes images here is not known.
        parts: [],
      },
    },
    thinking: {
      // staff: off without an effort, or with `none`; on with minimal to high, all alike; xhigh and max are the most.
      off: 'reasoning_effort none',
      on: 'reasoning_effort high',
      byDefault: 'off',
      effort: {
        field: 'reasoning_effort',
        values: {
          minimal: 'minimal',
          low: 'low',
          medium: 'medium',
          high: 'high',
          xhigh: 'xhigh',
          max: 'max',
        },
      },
    },
    // schema: not in it. docs: the counts come on the last event of a stream without being asked for.
    parameters: {
      logit_bias: 'dropped',
      logprobs: 'dropped',
      parallel_tool_calls: 'dropped',
      stream_options: 'dropped',
    },
    user: { field: 'user' },
    // schema: "only json is supported".
    jsonSchema: 'json_object',
    // schema: none and auto; "specifying a particular function choice is not supported".
    forcedToolChoice: 'as auto',
    strictTools: 'dropped',
    nullContent: 'empty',
    refusal: 'text',
    // client: on system, user and assistant messages.
    names: 'not on tool',
    // client: content is a string.
    textParts: 'flattened',
    requestIdHeader: 'x-request-id',
  },
});

export const deepinfra = /* @__PURE__ */ createProvider(deepinfraDecoder);
