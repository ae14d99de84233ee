import type { ChatErrorCode } from './error-codes.ts';

const busy = 'The service is busy. Please try again in a moment.';
const broken = 'The answer could not be finished. Please try again.';
const down = 'The service cannot answer at the moment.';
const cannotAnswer = 'This request cannot be answered as it is.';
const late = 'The answer took too long. Please try again.';

/** The sentence that a visitor gets for an error: nothing about the vendor, the account or the server. */
export const visitorSentences: Readonly<Record<ChatErrorCode, string>> = {
  invalid_request: cannotAnswer,
  unsupported_parameter: cannotAnswer,
  bad_request: cannotAnswer,
  unsupported: cannotAnswer,
  context_length: 'The conversation has become too long for the model.',
  content_filter: 'The request was refused by a content filter.',
  invalid_options: down,
  missing_api_key: down,
  authentication: down,
  insufficient_balance: down,
  permission_denied: down,
  not_found: down,
  unexpected_redirect: down,
  connection: down,
  all_providers_failed: down,
  budget_exceeded: down,
  server_error: down,
  rate_limit: busy,
  overloaded: busy,
  timeout: late,
  deadline_exceeded: late,
  aborted: 'The answer was stopped.',
  stream_interrupted: broken,
  invalid_response: broken,
  invalid_output: broken,
  limit_exceeded: 'The answer was too large.',
  stream_consumed: broken,
};
