import { createDecoder } from '../dialect/decoder.ts';
import { createProvider } from '../dialect/define-provider.ts';

// Volcengine Ark (火山方舟). Sources, as read on 2026-11-30 where no other day is named:
//   sdk     the request of its own SDK, https://github.com/volcengine/volcengine-go-sdk,
//           service/arkruntime/model/chat_completion.go (documented, of all its models)
//   tested  https://docs.apiyi.com/api-capabilities/deepseek-v4-flash/chat-completions, a reseller of the same model (measured
//           by others)
//   ids     @mastra/core 1.71.0 (https://mastra.ai/models/providers/volcengine), a peer's catalogue

/** @internal */
export const volcengineDecoder = /* @__PURE__ */ createDecoder({
  profile: {
    id: 'volcengine',
    name: 'Volcengine Ark',
    baseURL: 'https://ark.cn-beijing.volces.com/api/v3',
    apiKeyVariables: ['ARK_API_KEY'],
    paths: {},
    models: {
      'deepseek-v4-flash': {
        wireId: 'deepseek-v4-flash-ga-260731',
        generation: 'v4',
        // tested: at most 393,216 tokens; a context of 1M.
        caps: { max_tokens: 393_216 },
        contextWindow: '1M',
        // tested: "Model do not support image input".
        parts: [],
      },
      'deepseek-v4-flash-0731': {
        wireId: 'deepseek-v4-flash-ga-260731',
        generation: 'v4',
        caps: { max_tokens: 393_216 },
        contextWindow: '1M',
        parts: [],
      },
    },
    thinking: {
      // sdk and tested: `thinking: { type }`. tested: much thinking without it. The efforts of the sdk are not known to be
      // those of this model.
      off: 'thinking.type',
      on: 'thinking.type',
      byDefault: 'on',
    },
    // sdk: all but this.
    parameters: { seed: 'dropped' },
    user: { field: 'user' },
    // tested: json_schema is answered with 200, and the schema ignored.
    jsonSchema: 'json_object',
    // sdk: required, and a named function.
    forcedToolChoice: 'sent',
    // sdk: no `strict`.
    strictTools: 'dropped',
    nullContent: 'empty',
    refusal: 'text',
    names: 'sent',
    textParts: 'sent',
    requestIdHeader: 'x-request-id',
  },
});

export const volcengine = /* @__PURE__ */ createProvider(volcengineDecoder);
