import type { ChatErrorCode, ProviderId } from 'deepseek-v4-flash';
import { providers } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import type { WireResponse } from '../kit/wire.ts';
import { clientOf, question } from '../kit/wire.ts';
import { errorOf } from '../kit/failures.ts';

// What an error means: its status first, inside a 200 the status in the body, then `code` and `type`, its words last.

const vendors = Object.keys(providers) as ProviderId[];

async function failing(response: WireResponse, provider: ProviderId = 'deepseek', maxRetries = 0) {
  const options = { provider, maxRetries };
  const { client, requests } = clientOf(response, options);
  const error = await errorOf(client.chat.completions.create({ messages: question }));
  return { error, requests };
}

const inside = (error: object): WireResponse => ({ body: { error } });

describe('inside a 200', () => {
  const structured: [object, ChatErrorCode][] = [
    [{ type: 'invalid_request_error', message: 'No capacity in field `n`' }, 'bad_request'],
    [{ type: 'invalid_request_error', message: 'This format is unavailable' }, 'bad_request'],
    [
      { type: 'invalid_request_error', message: 'internal_notes: upstream server_error' },
      'bad_request',
    ],
    [{ code: 'invalid_value', type: 'server_error', message: 'overloaded' }, 'bad_request'],
    [{ type: 'BadRequestError', code: 400, message: 'rate limit' }, 'bad_request'],
    [{ code: 400, message: 'Service unavailable' }, 'bad_request'],
    [{ code: '429', message: 'invalid request' }, 'rate_limit'],
    [{ status: 503, message: 'invalid request' }, 'overloaded'],
    [{ type: 'rate_limit_error', code: 'invalid_request_error', message: 'x' }, 'rate_limit'],
    [{ type: 'authentication_error', message: 'server overloaded' }, 'authentication'],
    [{ code: 'RateLimitError', message: 'not found' }, 'rate_limit'],
    [{ code: 'ThrottlingException', message: 'not found' }, 'rate_limit'],
    [
      { code: 'insufficient_quota', type: 'invalid_request_error', message: 'x' },
      'insufficient_balance',
    ],
    [
      { code: 'context_length_exceeded', type: 'invalid_request_error', message: 'x' },
      'context_length',
    ],
    [
      { type: 'invalid_request_error', message: 'Input is too long for requested model' },
      'context_length',
    ],
    [{ type: 'invalid_request_error', message: 'Content Exists Risk' }, 'content_filter'],
    [{ type: 'overloaded_error', message: 'invalid request' }, 'overloaded'],
    [{ code: 'model_not_found', message: 'overloaded' }, 'not_found'],
    [{ type: 'upstream_error', code: 'bad_response_status_code', message: 'x' }, 'server_error'],
  ];

  test.each(structured)('%j is %s', async (told, code) => {
    const { error, requests } = await failing(inside(told), 'deepseek', 2);
    expect(error.code).toBe(code);
    const isAgain = ['rate_limit', 'overloaded', 'server_error'].includes(code);
    expect(requests).toHaveLength(isAgain ? 3 : 1);
  });

  test.each([
    ['Too many requests', 'rate_limit'],
    ['The server is overloaded', 'overloaded'],
    ['Insufficient balance', 'insufficient_balance'],
    ['maximum context length is 5', 'context_length'],
    ['Invalid parameter', 'bad_request'],
    ['Something', 'server_error'],
  ])('where nothing else is known, the words %j are %s', async (message, code) => {
    for (const told of [{ message }, { message, code: 'E1234', type: 'some_error' }]) {
      expect((await failing(inside(told))).error.code).toBe(code);
    }
  });
});

const page = (words: string): string =>
  `<!DOCTYPE html>\n<html><head><title>${words}</title></head><body><h1>${words}</h1></body></html>`;

test.each([
  [400, 'bad_request'],
  [401, 'authentication'],
  [402, 'insufficient_balance'],
  [403, 'permission_denied'],
  [404, 'not_found'],
  [429, 'rate_limit'],
  [500, 'server_error'],
  [503, 'overloaded'],
] as const)('a web page with %i is %s at every vendor, whatever it says', async (status, code) => {
  for (const provider of vendors) {
    for (const words of ['Forbidden', 'Insufficient balance, quota', 'context length rate limit']) {
      const { error } = await failing({ status, body: page(words) }, provider);
      expect([provider, error.code, error.status]).toEqual([provider, code, status]);
    }
  }
});

test('a body that is nested too deep to be read keeps its status', async () => {
  const deep = `${'{"error":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  const list = `${'['.repeat(60_000)}`;
  for (const provider of vendors) {
    for (const body of [
      deep,
      list,
      `{"error":{"message":"busy","detail":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
    ]) {
      const { error } = await failing({ status: 503, body }, provider);
      expect([error.code, error.status, error.retryable]).toEqual(['overloaded', 503, true]);
    }
  }
});

test('a limit of calls at the same time passes, and its number is told', async () => {
  const words = (limit: string): string =>
    `Too many requests. Your current concurrency is 26, which exceeds your concurrency limit of ${limit} based on your remaining balance. Please top up.`;
  for (const [limit, number] of [
    ['25', 25],
    ['(2500)', 2_500],
  ] as const) {
    const body = {
      error: { message: words(limit), type: 'rate_limit_error', code: 'invalid_request_error' },
    };
    for (const response of [{ status: 429, body }, { body }]) {
      const { error, requests } = await failing(response, 'deepseek', 1);
      expect(error).toMatchObject({ code: 'rate_limit', retryable: true, limit: number });
      expect(error.toJSON()).toMatchObject({ limit: number });
      expect(requests).toHaveLength(2);
    }
  }
  const { error } = await failing({ status: 429, body: { error: { message: 'Slow down' } } });
  expect(error).not.toHaveProperty('limit');
});

test.each([
  [
    'event:error\ndata:{"code":"invalid_parameter","message":"The schema is not valid."}\n\n',
    'invalid_parameter',
  ],
  [
    ': PING\n\ndata: {"error":{"code":"invalid_parameter","message":"The schema is not valid."}}\n\ndata: [DONE]\n\n',
    'invalid_parameter',
  ],
  ['data: {"message":"The schema is not valid."}', undefined],
])('an error body that is framed as an event stream is read (%j)', async (body, vendorCode) => {
  for (const headers of [{ 'content-type': 'text/event-stream' }, {}]) {
    const { error } = await failing({ status: 400, headers: { ...headers }, body });
    expect(error).toMatchObject({ code: 'bad_request', status: 400 });
    expect(error.vendorCode).toBe(vendorCode);
    expect(error.message).toContain('answered 400: The schema is not valid.');
    expect(error.message).not.toMatch(/event:|data:/);
  }
});

test.each([
  [
    { error: 'Internal Server Error', message: 'The pool is gone' },
    'Internal Server Error: The pool is gone',
  ],
  [{ statusCode: 500, error: 'Bad Gateway', message: 'Upstream' }, 'Bad Gateway: Upstream'],
  [{ error: 'The pool is gone', message: 'The pool is gone' }, 'The pool is gone'],
  [{ error: 'The pool is gone' }, 'The pool is gone'],
  [{ 'html-message': '<p>The <b>pool</b> is gone</p>' }, 'The pool is gone'],
  [{ error: { code: 'x' }, message: 'The pool is gone' }, 'The pool is gone'],
  [
    { error: { code: 'x' }, detail: [{ msg: 'The pool', loc: [] }, { msg: 'is gone' }] },
    'The pool; is gone',
  ],
  [{ error: { type: 'x', message: '' }, detail: 'The pool is gone' }, 'The pool is gone'],
])('the words of %j are told', async (body, words) => {
  const { error } = await failing({ status: 500, body });
  expect(error.code).toBe('server_error');
  expect(error.message).toContain(`answered 500: ${words}`);
});

test.each([
  'the request exceeds the available context size, try increasing it',
  'Range of input length should be [1, 98304]',
  '<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]',
  'Input validation error: `inputs` must have less than 4095 tokens. Given: 5000',
  '`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 500 `max_new_tokens`',
  'Input is too long for requested model.',
  'Input length 300000 exceeds the maximum length 262144',
  "The input (300000 tokens) is longer than the model's context length (262144 tokens).",
  'The decoder prompt (length 5000) is longer than the maximum model length of 4096.',
  'prompt is too long: 210000 tokens > 200000 maximum',
  'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
  'Invalid request: Your request exceeded model token limit: 262144',
  'Please reduce the length of the messages or completion.',
  "This model's maximum prompt length is 131072 but the request contains 500000 tokens.",
])('a full context is known: %j', async (message) => {
  for (const response of [
    { status: 400, body: { error: { message, type: 'invalid_request_error' } } },
    { status: 413, body: { message } },
    inside({ message, code: 400 }),
  ]) {
    const { error } = await failing(response);
    expect(error).toMatchObject({ code: 'context_length', retryable: false });
  }
});

test('a name that is gone is not_found, and what there is is told', async () => {
  const message =
    'The supported API model names are deepseek-flash or deepseek-v4-pro, but you passed x.';
  const { error } = await failing({
    status: 400,
    body: { error: { message, type: 'invalid_request_error' } },
  });
  expect(error.code).toBe('not_found');
  expect(error.message).toContain('deepseek-flash or deepseek-v4-pro');
});

test('a refusal that has the form of an answer is content_filter', async () => {
  const body = {
    id: 'x',
    choices: [{ index: 0, message: { content: '' }, finish_reason: 'content_filter' }],
  };
  expect((await failing({ status: 400, body })).error).toMatchObject({
    code: 'content_filter',
    status: 400,
  });
  // A failure of another kind stays what its status says.
  expect((await failing({ status: 500, body })).error.code).toBe('server_error');
});

test.each([300, 304, 305])('a %i is no redirect, and no answer', async (status) => {
  const { error, requests } = await failing({ status, headers: { location: '/x' } }, 'deepseek', 2);
  expect(error).toMatchObject({ code: 'invalid_response', status, retryable: false });
  expect(requests).toHaveLength(1);
});

test.each<[string, WireResponse['body']]>([
  ['behind a comment', '<!-- waf -->\n<html><body>quota balance</body></html>'],
  ['in a field', { 'html-message': '<p>403 Forbidden, balance</p>' }],
  ['without a document', '<center><h1>403 Forbidden</h1></center>'],
])('a page of the network %s is nobody’s refusal of money', async (_where, body) => {
  for (const vendor of vendors) {
    expect((await failing({ status: 403, body }, vendor)).error.code).toBe('permission_denied');
  }
});

test.each([
  'length of prompt_tokens (5000) must be less than max_sequence_length',
  'the number of input tokens 12 has exceeded max_prompt_tokens limit',
  'Total tokens of image and text exceed max message tokens',
  'context size exceeded',
  'The prompt exceeds the maximum number of tokens',
])('a conversation that is too long is told as that: %s', async (message) => {
  const { error } = await failing({ status: 400, body: { error: { message } } });
  expect(error.code).toBe('context_length');
});
