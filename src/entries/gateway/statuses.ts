import type { ChatError, ChatErrorCode } from '../../index.ts';

/** How a failure is reported to a client of OpenAI's API. */
export interface ReportedFailure {
  /** For `createFetch`, whose caller holds the keys. */
  status: number;
  /** For visitors of a gateway, where the fault is the server's and no key of theirs is wrong. */
  visitorStatus?: number;
  /** The sentence for a visitor, who never gets the words of a vendor. */
  sentence?: string;
}

const busy = 'The service is busy. Please try again in a moment.';
const broken = 'The answer could not be finished. Please try again.';
const down = 'The service cannot answer at the moment.';
const late = 'The answer took too long. Please try again.';
const refused = 'The model refused this request as it is.';

/** Every code of ours in the statuses that such clients know. */
export const statuses: Readonly<Record<ChatErrorCode | 'budget_exceeded', ReportedFailure>> = {
  invalid_request: { status: 400 },
  unsupported_parameter: { status: 400 },
  bad_request: { status: 400, sentence: refused },
  content_filter: { status: 400, sentence: 'The request was refused by a content filter.' },
  // The words by which LangChain knows it.
  context_length: {
    status: 400,
    sentence: 'The request is longer than the maximum context length of the model.',
  },
  not_found: { status: 404, sentence: 'The model does not exist, or is not offered here.' },
  unsupported: { status: 404, sentence: 'This call is not offered here.' },
  authentication: { status: 401, visitorStatus: 503, sentence: down },
  missing_api_key: { status: 401, visitorStatus: 503, sentence: down },
  insufficient_balance: { status: 402, visitorStatus: 503, sentence: down },
  permission_denied: { status: 403, visitorStatus: 503, sentence: down },
  budget_exceeded: { status: 402, visitorStatus: 503, sentence: down },
  invalid_options: { status: 500, sentence: down },
  stream_consumed: { status: 500, sentence: broken },
  rate_limit: { status: 429, sentence: busy },
  overloaded: { status: 503, sentence: busy },
  all_providers_failed: { status: 503, sentence: down },
  server_error: { status: 502, sentence: down },
  connection: { status: 502, sentence: down },
  unexpected_redirect: { status: 502, sentence: down },
  invalid_response: { status: 502, sentence: broken },
  invalid_output: { status: 502, sentence: broken },
  stream_interrupted: { status: 502, sentence: broken },
  limit_exceeded: { status: 502, sentence: 'The answer was too large.' },
  timeout: { status: 504, sentence: late },
  deadline_exceeded: { status: 504, sentence: late },
  // As servers write down that the other side has left.
  aborted: { status: 499, sentence: 'The answer was stopped.' },
};

/** Who reads the answers: the program that made the client, or visitors of its server. */
export type Reader = 'owner' | 'visitor';

/** The status of an error. */
export function statusFor({ code }: { code: ChatErrorCode }, reader: Reader): number {
  const { status, visitorStatus = status } = statuses[code];
  return reader === 'visitor' ? visitorStatus : status;
}

/** Whether an error was made here, and is about what is in the visitor's request: its words are for the visitor. */
export function isAboutRequest({ code, vendorType, status }: ChatError): boolean {
  // A vendor may answer with an error of our form, in words that nobody here has written.
  const isOurs = vendorType === undefined && status === undefined;
  return isOurs && (code === 'invalid_request' || code === 'unsupported_parameter');
}

/** What is said of an error. */
export function wordsFor(error: ChatError, reader: Reader): string {
  const { sentence = refused } = statuses[error.code];
  if (reader === 'visitor') return isAboutRequest(error) ? error.message : sentence;
  return error.code === 'context_length' ? `${error.message} (${sentence})` : error.message;
}
