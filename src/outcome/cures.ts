import type { ChatErrorCode } from './error-codes.ts';

/** What to do about an error: one sentence for the terminal. The page `README.md` in this folder says more. */
export const cures: Readonly<Record<ChatErrorCode, string>> = {
  invalid_request: 'Correct the parameter that the message names. Nothing was sent.',
  invalid_options: 'Correct the option that the message names. Nothing was sent.',
  unsupported_parameter:
    "Leave the parameter out, ask another vendor, or set onUnsupported: 'adjust'.",
  missing_api_key: "Set the vendor's environment variable, or give the option apiKey.",
  bad_request:
    'Correct the request as the message says. client.chat.completions.prepare() shows it.',
  authentication: 'Check the key, and that it belongs to this vendor.',
  insufficient_balance: 'Add money to the account, or list another vendor in the option providers.',
  permission_denied: 'Check what the key may do, and whether a proxy stands in the way.',
  not_found: 'Check the model and the baseURL. client.models.list() names the models.',
  context_length: 'Send fewer messages. fitMessages() leaves out the oldest turns.',
  content_filter: 'Change what is asked. The same request is refused again.',
  rate_limit: 'Send less at a time (option concurrency), or list another vendor in providers.',
  overloaded: 'Try again later, or list another vendor in the option providers.',
  server_error: 'Try again later, or list another vendor in the option providers.',
  connection: 'Check the network, DNS, TLS and any proxy between here and the vendor.',
  unexpected_redirect: 'Give the final address as baseURL. Redirects are never followed.',
  timeout: 'Raise the clock that the message names (option timeout), or stream the answer.',
  deadline_exceeded: 'Allow more time with the option deadline, or ask for a shorter answer.',
  aborted: 'Nothing to mend: the caller ended this call.',
  stream_interrupted: 'Ask again. error.partial holds what had arrived; see onInterrupted, too.',
  stream_consumed: 'Iterate a stream once. finalCompletion() gives the whole answer.',
  limit_exceeded: 'Raise the limit that the message names (option limits).',
  invalid_response: 'Check the baseURL: something there answered, but not with a completion.',
  invalid_output:
    'See error.issues and error.partial. A simpler schema, or more max_tokens, may help.',
  budget_exceeded: 'Raise maxCostUsd, or lower max_tokens.',
  all_providers_failed: 'See error.causes: each vendor has its own reason and cure.',
  unsupported: 'Ask a vendor that offers this call, or use the version that the message names.',
};
