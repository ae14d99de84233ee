import { expect, test } from 'vitest';
import {
  answerWhole,
  clientOf,
  errorBody,
  failureOf,
  key,
  params,
  serve,
  transports,
} from '../../kit/sockets.ts';
import { done, first } from '../../kit/hello.ts';
import { asEvent } from '../../kit/wire.ts';
import { chunked, headOf, responseOf, streamHead, zeroChunk } from '../../kit/raw-server.ts';
import { eventually, pause, timed } from '../../kit/time.ts';

const redirects = transports.flatMap((transport) =>
  [301, 302, 303, 307, 308].flatMap((status) =>
    [true, false].map((stream) => ({ ...transport, status, stream })),
  ),
);

test.each(redirects)(
  'a redirect $status is not followed (stream: $stream, $name)',
  async ({ make, status, stream }) => {
    const target = await serve(answerWhole);
    const server = await serve(({ socket }) => {
      const location = `${target.url}/steal?key=${key}`;
      socket.write(responseOf(status, '', { location }));
    });
    const client = clientOf(server, make(), { maxRetries: 2 });
    const failure = await failureOf(client.chat.completions.create({ ...params, stream }));
    expect(failure).toMatchObject({ code: 'unexpected_redirect', status, retryable: false });
    expect(failure.message).toContain(target.url);
    expect(failure.message).not.toContain('steal');
    expect(server.arrivals).toHaveLength(1);
    await pause(20);
    expect(target.connectionCount()).toBe(0);
  },
);

test.each(transports)(
  'a redirect to the same server is not followed either ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) => void socket.write(responseOf(307, '', { location: '/elsewhere' })),
    );
    const failure = await failureOf(clientOf(server, make()).chat.completions.create(params));
    expect(failure.code).toBe('unexpected_redirect');
    expect(server.arrivals).toHaveLength(1);
  },
);

const refusals: [number, string][] = [
  [400, 'bad_request'],
  [401, 'authentication'],
  [402, 'insufficient_balance'],
  [403, 'permission_denied'],
  [404, 'not_found'],
  [422, 'bad_request'],
];

test.each(
  transports.flatMap((transport) =>
    refusals.map(([status, code]) => ({ ...transport, status, code })),
  ),
)('$status is $code and is sent exactly once ($name)', async ({ make, status, code }) => {
  const server = await serve(({ socket }) => {
    // A vendor that repeats the key in its message, and in a header.
    const body = errorBody(`No: ${key}`);
    socket.write(responseOf(status, body, { 'retry-after': '0', 'x-echo': `Bearer ${key}` }));
  });
  const client = clientOf(server, make(), { maxRetries: 2 });
  const whole = await failureOf(client.chat.completions.create(params));
  expect(whole).toMatchObject({ code, status, retryable: false, provider: 'deepseek' });
  expect(server.arrivals).toHaveLength(1);
  const streamed = await failureOf(client.chat.completions.create({ ...params, stream: true }));
  expect(streamed).toMatchObject({ code, status, retryable: false });
  expect(server.arrivals).toHaveLength(2);
});

test.each(transports)('429 with retry-after is waited for, then 200 ($name)', async ({ make }) => {
  const server = await serve((arrival) => {
    if (arrival.number > 1) return answerWhole(arrival);
    arrival.socket.write(responseOf(429, errorBody('slow down'), { 'retry-after': '1' }));
  });
  const client = clientOf(server, make(), { maxRetries: 2 });
  const { value: completion, tookMs } = await timed(client.chat.completions.create(params));
  expect(completion.choices[0].message.content).toBe('Hello');
  expect(completion.report.attempts).toMatchObject([
    { number: 1, status: 429, error: 'rate_limit', waitedMs: 1_000 },
    { number: 2, status: 200 },
  ]);
  expect(tookMs).toBeGreaterThan(990);
  expect(server.arrivals).toHaveLength(2);
});

test.each(transports)(
  'a retry-after that is too long fails at once and says how long ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) =>
        void socket.write(responseOf(429, errorBody('slow down'), { 'retry-after': '3600' })),
    );
    const client = clientOf(server, make(), { maxRetries: 2 });
    const failure = await failureOf(client.chat.completions.create(params));
    expect(failure).toMatchObject({ code: 'rate_limit', retryAfterMs: 3_600_000 });
    expect(server.arrivals).toHaveLength(1);
  },
);

test.each(transports)(
  'an outage is told after 1 + maxRetries sends, with every attempt ($name)',
  async ({ make }) => {
    const server = await serve(
      ({ socket }) =>
        void socket.write(responseOf(503, errorBody('busy'), { 'retry-after-ms': '5' })),
    );
    const client = clientOf(server, make(), { maxRetries: 2 });
    const failure = await failureOf(client.chat.completions.create(params));
    expect(failure).toMatchObject({ code: 'overloaded', status: 503, retryable: true });
    expect(failure.report.attempts).toHaveLength(3);
    expect(server.arrivals).toHaveLength(3);
    await failureOf(client.chat.completions.create(params, { maxRetries: 0 }));
    expect(server.arrivals).toHaveLength(4);
    await failureOf(client.chat.completions.stream(params, { maxRetries: 1 }).finalCompletion());
    expect(server.arrivals).toHaveLength(6);
  },
);

test.each(transports)('maxRetries 0 sends once, whatever fails ($name)', async ({ make }) => {
  for (const status of [408, 429, 500, 502, 503, 529]) {
    const server = await serve(
      ({ socket }) => void socket.write(responseOf(status, '', { 'retry-after': '0' })),
    );
    const failure = await failureOf(clientOf(server, make()).chat.completions.create(params));
    expect(failure).toMatchObject({ status, retryable: true });
    expect(server.arrivals).toHaveLength(1);
  }
});

test.each(transports)(
  'an error body that is cut, endless or compressed leaves the status standing ($name)',
  async ({ make }) => {
    const cut = await serve(
      ({ socket }) => void socket.end(`${headOf(401, { 'content-length': 500 })}{"error":{"mess`),
    );
    const failure = await failureOf(clientOf(cut, make()).chat.completions.create(params));
    expect(failure).toMatchObject({ code: 'authentication', status: 401 });

    const endless = await serve(({ socket }) => {
      socket.write(headOf(500, { connection: 'close' }));
      const pour = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(16_384)));
      };
      socket.on('drain', pour);
      pour();
    });
    const flood = await failureOf(clientOf(endless, make()).chat.completions.create(params));
    expect(flood).toMatchObject({ code: 'server_error', status: 500 });
    expect(flood.message.length).toBeLessThan(1_000);
    await eventually('the close of an endless body', () => endless.isClosed());
  },
);

test.each(transports)(
  'a web page with status 200 is invalid_response ($name)',
  async ({ make }) => {
    const page = '<!doctype html><html><title>Welcome</title></html>';
    const server = await serve(
      ({ socket }) =>
        void socket.write(responseOf(200, page, { 'content-type': 'text/html; charset=utf-8' })),
    );
    const client = clientOf(server, make());
    const whole = await failureOf(client.chat.completions.create(params));
    expect(whole.code).toBe('invalid_response');
    const streamed = await failureOf(client.chat.completions.stream(params).finalCompletion());
    expect(streamed.code).toBe('invalid_response');
  },
);

test.each(transports)('204 and an empty 200 are no answers ($name)', async ({ make }) => {
  for (const bytes of [headOf(204), responseOf(200, '')]) {
    const server = await serve(({ socket }) => void socket.write(bytes));
    const client = clientOf(server, make());
    const whole = await failureOf(client.chat.completions.create(params));
    expect(['stream_interrupted', 'invalid_response']).toContain(whole.code);
    const streamed = await failureOf(client.chat.completions.stream(params).finalCompletion());
    expect(['stream_interrupted', 'invalid_response']).toContain(streamed.code);
  }
});

test.each(transports)(
  'an error in the middle of a stream is told with what had come, and is sent once ($name)',
  async ({ make }) => {
    const error = asEvent({
      id: 'c1',
      choices: [],
      error: { message: 'upstream error', code: 502 },
    });
    const server = await serve(
      ({ socket }) =>
        void socket.write(streamHead + chunked(first) + chunked(error) + chunked(done) + zeroChunk),
    );
    const client = clientOf(server, make(), { maxRetries: 2 });
    const failure = await failureOf(client.chat.completions.stream(params).finalCompletion());
    expect(failure.code).toBe('server_error');
    expect(failure).not.toHaveProperty('status');
    expect(failure.partial?.choices[0].message.content).toBe('Hel');
    expect(server.arrivals).toHaveLength(1);
  },
);
