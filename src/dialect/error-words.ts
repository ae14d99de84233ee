import type { ChatErrorCode } from '../outcome/error-codes.ts';

// Words in which vendors, gateways and servers say what is wrong, in the fields `code` and `type`. They are compared in
// lower case with `_`, and without `_error` and `_exception` at the end. From the most telling to the least: DeepSeek sends
// the code `invalid_request_error` with nearly everything.
const words: readonly (readonly [ChatErrorCode, string])[] = [
  [
    'insufficient_balance',
    'insufficient_balance insufficient_quota insufficient_user_quota insufficient_credits insufficient_funds ' +
      'insufficient_credit quota_exceeded billing billing_not_active billing_hard_limit_reached payment_required ' +
      'credits_exhausted arrearage',
  ],
  [
    'context_length',
    'context_length_exceeded exceed_context_size context_window_exceeded model_context_window_exceeded ' +
      'prompt_too_long input_too_long',
  ],
  [
    'content_filter',
    'content_filter content_filtered content_policy_violation responsible_ai_policy_violation data_inspection_failed ' +
      'sensitive_content safety',
  ],
  [
    'rate_limit',
    'rate_limit rate_limit_exceeded rate_limit_reached rate_limited ratelimit too_many_requests throttling throttled ' +
      'concurrency_limit concurrency_limit_exceeded limit_requests limit_burst_rate throttling_rate_quota',
  ],
  [
    'overloaded',
    'overloaded engine_overloaded model_overloaded server_overloaded service_unavailable unavailable ' +
      'capacity_exceeded no_capacity at_capacity server_busy system_busy',
  ],
  [
    'authentication',
    'authentication authentication_failed invalid_api_key invalid_authentication incorrect_api_key unauthorized ' +
      'unauthenticated invalid_token missing_api_key',
  ],
  ['permission_denied', 'permission permission_denied forbidden access_denied model_not_in_group'],
  [
    'not_found',
    'not_found model_not_found model_not_exist model_not_exists unknown_model unsupported_model',
  ],
  [
    'bad_request',
    'invalid_request bad_request invalid_value invalid_parameter invalid_param invalid_argument invalid_type ' +
      'invalid_prompt invalid_json invalid_input validation validation_failed unprocessable_entity ' +
      'unsupported_value unsupported_parameter unsupported_feature unknown_parameter missing_required_parameter',
  ],
  [
    'server_error',
    'server internal internal_server server_failure api upstream bad_gateway bad_response_status_code ' +
      'do_request_failed gateway_timeout timeout new_api one_api proxy',
  ],
];

const codes = new Map(
  words.flatMap(([code, list]) => list.split(' ').map((word) => [word, code] as const)),
);
const ranks = new Map(words.map(([code], rank) => [code, rank]));

/** What the words of `code` and `type` mean: that of the more telling one. `undefined` if neither is known. */
export function codeOfWords(
  vendorWords: readonly (string | undefined)[],
): ChatErrorCode | undefined {
  const known = vendorWords.flatMap((word) => meaningOf(word) ?? []);
  return known.toSorted((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0))[0];
}

/** Whether a word is one of those that vendors have for errors. */
export function isKnownWord(word: string | undefined): boolean {
  return meaningOf(word) !== undefined;
}

function meaningOf(word: string | undefined): ChatErrorCode | undefined {
  if (word === undefined || word.length > 64) return undefined;
  const spelled = word
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[\s.-]+/g, '_');
  return codes.get(spelled) ?? codes.get(spelled.replace(/_(error|exception)$/, ''));
}

/** An account without money or quota. */
export const emptyAccount =
  /insufficient[ _](balance|quota|user[ _]quota|credits?|funds)|quota_exceeded|exceeded your current quota|(run )?out of (funds|credits)|remaining balance|no credits?\b|can only afford|credit balance is too low/;

/** Too many calls at the same time: it passes, although DeepSeek's words for it speak of the balance. */
export const tooManyAtOnce = /concurrency limit|concurrent requests/;

/** A conversation that does not fit, as those say it who have no code for it. */
export const contextLength = new RegExp(
  [
    // OpenAI, DeepSeek, vLLM, SGLang, OpenRouter, Groq.
    'context[ _]length',
    'maximum context',
    'context[ _]window',
    'maximum model length',
    'reduce the length of the (messages|input|prompt)',
    // llama.cpp, LM Studio, Ollama.
    '(exceeds?|larger than|greater than) the (available |max(imum)? )?context',
    'exceed_context_size',
    // Anthropic and whoever copies it, Bedrock, xAI, GitHub.
    '(prompt|input|request|message) is too long',
    'exceeds? (the )?context limit',
    'maximum prompt length',
    'prompt token count',
    // TGI, SiliconFlow, Alibaba, Gemini, Moonshot, Zhipu, Cohere.
    'inputs?`? tokens \\+ `?max_new_tokens',
    '`?inputs`? must have less than',
    'input length \\S* ?exceeds',
    'range of input length',
    'input token count',
    'exceeded model token limit',
    'prompt exceeds max length',
    'too many (input |total )?tokens',
    'context size exceeded',
    '(length|number) of (the )?(prompt_|input[ _]|prompt )tokens?\\b.*(must be less|exceed)',
    'exceeds? (the )?max(imum)? (number of |message )?tokens',
    'tokens? (in the prompt )?(cannot exceed|exceeds? the (maximum|limit))',
  ].join('|'),
);

/** A prompt that was refused for what it says. */
export const contentFilter =
  /content[ _]filter|content exists risk|content[ _]policy|content management/;
