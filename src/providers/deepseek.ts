import { ChatError } from '../outcome/chat-error.ts';
import type { StandardSchemaV1 } from '../schema/standard.ts';
import { asStandardInput } from '../schema/judge.ts';
import type { Input, InputValue } from '../schema/input.ts';
import type { Shaped } from '../schema/shape.ts';
import { misfits } from '../schema/shape.ts';
import { createDecoder } from '../dialect/decoder.ts';
import { createProvider } from '../dialect/define-provider.ts';
import { decimalString } from '../cost/decimal.ts';
import type { Holidays } from '../cost/prices.ts';
import type { Balance } from '../schema/account.ts';

// DeepSeek's own API. Sources, as read on 2026-11-20:
//   chat    https://api-docs.deepseek.com/api/create-chat-completion
//   think   https://api-docs.deepseek.com/guides/thinking_mode
//   tools   https://api-docs.deepseek.com/guides/tool_calls
//   price   https://api-docs.deepseek.com/quick_start/pricing
//   errors  https://api-docs.deepseek.com/quick_start/error_codes
//   fim     https://api-docs.deepseek.com/api/create-completion
//   limits  https://api-docs.deepseek.com/quick_start/rate_limit
// and on 2026-11-25:
//   bot     https://api-docs.deepseek.com/guides/build_a_chatbot
//   title   https://api-docs.deepseek.com/guides/conversation_title

/** Fields that only DeepSeek documents. */
export interface DeepSeekOptions {
  /** How strictly to check the conversation. Since 2026-11-13 (https://api-docs.deepseek.com/guides/safety). */
  safety_check?: { level: 'low' | 'high' } | undefined;
  /** Whether to give the conversation a title, which comes as `message.title`, and on the last chunk as `delta.title`. */
  title?: { enabled: boolean } | undefined;
  /** Tools that DeepSeek runs itself. They cost extra, so with them there is no `report.cost`. */
  server_tools?: ('deepseek_web_search' | 'deepseek_read_url')[] | undefined;
}

const optionsInput = {
  strict: {
    safety_check: { optional: { strict: { level: { oneOf: ['low', 'high'] } } } },
    title: { optional: { strict: { enabled: 'boolean' } } },
    server_tools: { optional: { list: { oneOf: ['deepseek_web_search', 'deepseek_read_url'] } } },
  },
} as const satisfies Input;

const optionsSchema: StandardSchemaV1<DeepSeekOptions> =
  /* @__PURE__ */ asStandardInput<InputValue<typeof optionsInput>>(optionsInput);

const balanceShape = {
  record: {
    is_available: 'boolean',
    balance_infos: {
      list: { record: { currency: 'string', total_balance: { either: ['string', 'number'] } } },
    },
  },
} as const;

/** GET /user/balance (https://api-docs.deepseek.com/api/get-user-balance). An account may hold several currencies: the first is told, all are in `raw`. */
function decodeBalance(body: unknown): Balance {
  const isBalance = misfits(balanceShape, body).length === 0;
  const { is_available, balance_infos } = (isBalance ? body : {}) as Partial<
    Shaped<typeof balanceShape>
  >;
  const first = balance_infos?.[0];
  if (is_available === undefined || first === undefined) {
    throw new ChatError('invalid_response', "DeepSeek's answer is no balance");
  }
  return {
    available: is_available,
    currency: first.currency,
    total: decimalString(first.total_balance),
    raw: body,
  };
}

/**
 * Chinese public holidays, on which there is no peak: the days off of the State Council's notice on the holidays of 2026
 * (国办发明电〔2025〕7号, 2025-11-04, https://www.gov.cn/zhengce/zhengceku/202511/content_7047091.htm). That of 2027 was not
 * found on 2026-11-30. The weekends that are worked in exchange are no peak either: "weekends and Chinese public holidays
 * in full" are off-peak (price).
 */
const holidays = {
  years: [2026],
  days: [
    ['2026-01-01', '2026-01-03'],
    ['2026-02-15', '2026-02-23'],
    ['2026-04-04', '2026-04-06'],
    ['2026-05-01', '2026-05-05'],
    ['2026-06-19', '2026-06-21'],
    ['2026-09-25', '2026-09-27'],
    ['2026-10-01', '2026-10-07'],
  ],
} as const satisfies Holidays;

/** @internal */
export const deepseekDecoder = /* @__PURE__ */ createDecoder({
  profile: {
    id: 'deepseek',
    name: 'DeepSeek',
    baseURL: 'https://api.deepseek.com',
    apiKeyVariables: ['DEEPSEEK_API_KEY'],
    // chat: beta features live under /beta; `/v1` is an old alias of the root.
    paths: { beta: 'beta/chat/completions', models: 'models', balance: 'user/balance' },
    // fim: POST /beta/completions, at most 4K tokens, without thinking.
    fim: { path: 'beta/completions', max_tokens: 4096 },
    baseURLEndings: ['/v1', '/beta'],
    models: {
      'deepseek-v4-flash': {
        // first call (https://api-docs.deepseek.com/quick_start/your_first_api_call, 2026-11-25): a legacy name, which is
        // served by DeepSeek-V4.1-Flash-1017 and billed as that; `deepseek-flash` is the current one.
        generation: 'v4.1',
        aliases: ['deepseek-flash'],
        caps: {
          // chat: "the valid range of max_tokens is [1, 393216]".
          max_tokens: 393_216,
          // chat: at most 16 stop sequences.
          stop: 16,
          // chat: top_p is above 0.
          top_p: 0.01,
          // chat: names up to 128 characters since September 2026.
          toolNameLength: 128,
        },
        // think: without thinking it is always 1, and while the model thinks 0.95 and more; lower ones are raised.
        effectiveTopP: 0.95,
        // price: context length 1M.
        contextWindow: '1,048,576',
        // chat: the id is served by V4.1, which takes images and files.
        parts: ['image_url', 'file'],
        prices: {
          // price: off-peak; twice that at peak.
          date: '2026-11-20',
          cacheHit: '0.003',
          cacheMiss: '0.15',
          output: '0.60',
          peak: {
            factor: 2,
            hoursUTC: [
              [1, 4],
              [6, 10],
            ],
            days: [1, 2, 3, 4, 5],
            holidays,
          },
        },
      },
    },
    thinking: {
      // think: `thinking: { type }`, enabled by default.
      off: 'thinking.type',
      on: 'thinking.type',
      byDefault: 'on',
      effort: {
        field: 'reasoning_effort',
        // think: low, high and max; "minimal" is low, "medium" and "xhigh" are high.
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
    parameters: {
      // think: temperature is taken and has no effect while the model thinks.
      temperature: 'ineffective while thinking',
      // chat: both penalties are deprecated and have no effect.
      frequency_penalty: 'ineffective',
      presence_penalty: 'ineffective',
      // chat: not in the list of parameters.
      seed: 'dropped',
      logit_bias: 'dropped',
      parallel_tool_calls: 'dropped',
    },
    // limits: `user_id`, [a-zA-Z0-9\-_]+, at most 512 characters.
    user: { field: 'user_id', pattern: /^[a-zA-Z0-9_-]+$/ },
    // chat: text and json_object; json_schema answers 400 "This response_format type is unavailable now".
    jsonSchema: 'json_object',
    // think: 400 "Thinking mode does not support this tool_choice".
    forcedToolChoice: 'thinking off',
    // tools: `strict` on every function, base URL /beta.
    strictTools: 'beta',
    // Seen: 400 "content or tool_calls must be set" for null; DeepSeek's own client sends "".
    nullContent: 'empty',
    refusal: 'text',
    // chat: `name` on system, user and assistant messages.
    names: 'not on tool',
    textParts: 'sent',
    // chat: { type: 'file', file_id } or { type: 'file', file_data, filename }.
    fileParts: 'flat',
    // bot: `tools: [{ type }]`, beside functions.
    serverTools: 'server_tools',
    // https://api-docs.deepseek.com/guides/chat_prefix_completion
    prefix: 'beta',
    // Seen on every answer, September and October 2026.
    requestIdHeader: 'x-ds-trace-id',
  },
});

export const deepseek = /* @__PURE__ */ createProvider(deepseekDecoder, {
  options: optionsSchema,
  hasOption: (key) => Object.hasOwn(optionsInput.strict, key),
  decodeBalance,
});
