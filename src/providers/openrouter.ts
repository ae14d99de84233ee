import { createDecoder } from '../dialect/decoder.ts';
import { createProvider } from '../dialect/define-provider.ts';

// OpenRouter, which passes requests on to hosts of its choice. Sources, as read on 2026-11-30 where no other day is named:
//   api     https://openrouter.ai/docs/api-reference/overview (documented)
//   think   https://openrouter.ai/docs/use-cases/reasoning-tokens (documented)
//   sdk     the request of its own SDK, https://github.com/OpenRouterTeam/typescript-sdk, src/models/chatrequest.ts,
//           chatfunctiontool.ts and chatassistantmessage.ts (documented)
//   usage   https://openrouter.ai/docs/use-cases/usage-accounting, read on 2026-11-25 (documented)
//   model   https://openrouter.ai/deepseek/deepseek-v4-flash (documented)
//   pi      the catalogue of @earendil-works/pi-ai 1.5.2, read on 2026-11-25 (a peer's)

/** @internal */
export const openrouterDecoder = /* @__PURE__ */ createDecoder({
  profile: {
    id: 'openrouter',
    name: 'OpenRouter',
    baseURL: 'https://openrouter.ai/api/v1',
    apiKeyVariables: ['OPENROUTER_API_KEY'],
    // https://openrouter.ai/docs/api-reference/list-available-models
    paths: { models: 'models' },
    modelPrefix: 'deepseek/',
    // No cap: each host behind it has its own (pi: 65,536 to 943,717). sdk: up to 4 stop sequences; names of tools up to 64.
    models: {
      'deepseek-v4-flash': {
        generation: 'v4',
        caps: { stop: 4, toolNameLength: 64 },
        parts: [],
        thinking: {
          effort: {
            field: 'reasoning.effort',
            // model: "high and xhigh are supported; xhigh maps to max". pi: none, high, xhigh.
            values: {
              minimal: 'high',
              low: 'high',
              medium: 'high',
              high: 'high',
              xhigh: 'xhigh',
              max: 'xhigh',
            },
          },
        },
      },
      'deepseek-v4-flash-0731': {
        generation: 'v4',
        caps: { stop: 4, toolNameLength: 64 },
        parts: [],
        thinking: {
          effort: {
            field: 'reasoning.effort',
            // pi: none, low, high, max.
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
      },
      'deepseek-v4.1-flash': {
        aliases: ['deepseek-v4.1-flash-1017'],
        generation: 'v4.1',
        caps: { stop: 4, toolNameLength: 64 },
        // The model takes images; api: parts of that kind.
        parts: ['image_url'],
      },
    },
    thinking: {
      // think: `reasoning: { effort }`, `none` included. What happens without is the choice of the host behind it.
      off: 'reasoning.effort none',
      on: 'reasoning.effort high',
      effort: {
        field: 'reasoning.effort',
        // think, of all models: xhigh, high, medium, low, minimal.
        values: {
          minimal: 'minimal',
          low: 'low',
          medium: 'medium',
          high: 'high',
          xhigh: 'xhigh',
          max: 'xhigh',
        },
      },
    },
    // sdk: all of them.
    parameters: {},
    user: { field: 'user' },
    // sdk: json_schema. Not every host behind it keeps to it, so the answer is held to the schema here.
    jsonSchema: 'sent',
    // Among the hosts behind it is DeepSeek, which refuses it.
    forcedToolChoice: 'thinking off',
    strictTools: 'sent',
    nullContent: 'empty',
    // sdk: `refusal` on an assistant's message.
    refusal: 'sent',
    names: 'not on tool',
    textParts: 'sent',
    // usage: USD, on every answer; in a stream on the last event.
    cost: 'usage.cost',
    // Seen: X-Generation-Id.
    requestIdHeader: 'x-generation-id',
  },
});

export const openrouter = /* @__PURE__ */ createProvider(openrouterDecoder);
