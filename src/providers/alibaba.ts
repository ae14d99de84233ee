import { createDecoder } from '../dialect/decoder.ts';
import { createProvider } from '../dialect/define-provider.ts';

// Alibaba Cloud Model Studio (DashScope, 百炼). Sources, as read on 2026-11-30 where no other day is named:
//   api     https://www.alibabacloud.com/help/model-studio/deepseek-api and https://help.aliyun.com/zh/model-studio/deepseek-api
//           (documented)
//   think   https://www.alibabacloud.com/help/en/model-studio/deep-thinking (documented)
//   efforts https://github.com/anomalyco/models.dev/pull/7045, 2026-09-14 (measured by others)
//   ids     @mastra/core 1.71.0 and @earendil-works/pi-ai 1.5.2, read on 2026-11-25 (peers' catalogues)
//
// Since October 2026 its page names addresses with the workspace in them (https://{WorkspaceId}.<region>.maas.aliyuncs.com/
// compatible-mode/v1): give yours as `baseURL`, with its key.

/** @internal */
export const alibabaDecoder = /* @__PURE__ */ createDecoder({
  profile: {
    id: 'alibaba',
    name: 'Alibaba Model Studio',
    // Singapore.
    baseURL: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    regions: [
      {
        // Beijing, which sells other models under other names.
        baseURL: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
        models: {
          'deepseek-v4-flash': { generation: 'v4', caps: { max_tokens: 384_000 }, parts: [] },
          'deepseek-v4.1-flash': {
            generation: 'v4.1',
            caps: { max_tokens: 384_000 },
            parts: ['image_url'],
          },
        },
      },
    ],
    apiKeyVariables: ['DASHSCOPE_API_KEY'],
    paths: {},
    // ids: the only one there, 384K of output.
    models: {
      'deepseek-v4-flash': {
        wireId: 'deepseek-v4-flash-0731',
        generation: 'v4',
        caps: { max_tokens: 384_000 },
        parts: [],
      },
    },
    thinking: {
      // think: `enable_thinking`, beside what OpenAI has. What happens without it is not said of these models.
      off: 'enable_thinking',
      on: 'enable_thinking',
      effort: {
        field: 'reasoning_effort',
        // efforts: low, high, max; medium and xhigh are high.
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
    // No list of parameters for these models was found; think has `stream_options`.
    parameters: {
      frequency_penalty: 'dropped',
      presence_penalty: 'dropped',
      seed: 'dropped',
      logit_bias: 'dropped',
      logprobs: 'dropped',
      parallel_tool_calls: 'dropped',
    },
    jsonSchema: 'json_object',
    // Nobody says what becomes of it while the model thinks; DeepSeek refuses it.
    forcedToolChoice: 'thinking off',
    strictTools: 'dropped',
    nullContent: 'empty',
    refusal: 'text',
    names: 'dropped',
    textParts: 'sent',
    requestIdHeader: 'x-request-id',
  },
});

export const alibaba = /* @__PURE__ */ createProvider(alibabaDecoder);
