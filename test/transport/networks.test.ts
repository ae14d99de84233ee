import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createSocketServer } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { ChatError, ClientOptions, DispatcherLike } from 'deepseek-v4-flash';
import { createClient, fetchTransport, undiciTransport } from 'deepseek-v4-flash';
import { describe, expect, test, vi } from 'vitest';
import * as undici7 from 'undici';
import * as undici6 from 'undici6';
import { serve } from '../kit/serve.ts';
import { chunk, question, whole } from '../kit/wire.ts';
import { cleanups } from '../kit/cleanups.ts';
import { errorOf } from '../kit/failures.ts';

// What stands between a program and the vendor: proxies that refuse or are dead, that compress, and interceptors.

/** Its port, and how many connections it had. */
async function serveSocket(
  onSocket: (socket: Socket) => void,
): Promise<{ port: number; count(): number }> {
  let count = 0;
  const server = createSocketServer((socket) => {
    count++;
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, count: () => count };
}

const ask = (options: ClientOptions, stream = false): Promise<unknown> => {
  const { completions } = createClient({
    apiKey: 'any-key-of-mine',
    maxRetries: 0,
    ...options,
  }).chat;
  return stream
    ? completions.stream({ messages: question }).finalCompletion()
    : completions.create({ messages: question });
};

describe.each([
  ['undici 6', undici6 as unknown as typeof undici7],
  ['undici 7', undici7],
])('a proxy of %s', (_copy, undici) => {
  test.each([
    [407, false],
    [401, false],
    [403, false],
    [503, true],
  ])('that answers CONNECT with %i is named, with its status', async (status, retryable) => {
    const { port } = await serveSocket((socket) =>
      socket.once('data', () => socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)),
    );
    const agent = new undici.ProxyAgent(`http://user:secret@127.0.0.1:${port}`);
    cleanups.push(() => agent.destroy());
    const transport = undiciTransport({ dispatcher: agent as unknown as DispatcherLike });
    const error = await errorOf(ask({ transport }));
    expect(error).toMatchObject({ code: 'connection', retryable });
    expect(error.message).toContain(`The proxy 127.0.0.1:${port} refused the connection`);
    expect(error.message).toContain(String(status));
    expect(error.message).not.toContain('secret');
    expect(error).not.toHaveProperty('status');
  });

  test('that gets the request without a tunnel, and wants a password, is named', async () => {
    const { port } = await serveSocket((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n')),
    );
    const uri = `http://127.0.0.1:${port}`;
    const agent = new undici.ProxyAgent({ uri, proxyTunnel: false });
    cleanups.push(() => agent.destroy());
    const transport = undiciTransport({ dispatcher: agent as unknown as DispatcherLike });
    const error = await errorOf(ask({ transport, baseURL: 'http://127.0.0.1:9' }));
    expect(error).toMatchObject({ code: 'connection', retryable: false });
    expect(error.message).toContain(`The proxy 127.0.0.1:${port} refused the connection`);
  });

  test('that is dead is named, and not the vendor', async () => {
    const { port } = await serveSocket(() => {});
    for (const clean of cleanups.splice(0)) await clean();
    const agent = new undici.ProxyAgent(`http://127.0.0.1:${port}`);
    cleanups.push(() => agent.destroy());
    const transport = undiciTransport({ dispatcher: agent as unknown as DispatcherLike });
    const error = await errorOf(ask({ transport }));
    expect(error).toMatchObject({ code: 'connection', retryable: true });
    expect(error.message).toContain(`the proxy 127.0.0.1:${port}`);
  });
});

const page = '<html><head><title>Blocked</title></head></html>';
const refusal = '{"error":{"message":"Not with this key"}}';

/** A proxy that answers each request itself, in these words. */
const answering = (status: number, headers: string, body: string): Promise<{ port: number }> =>
  serveSocket((socket) =>
    // Whoever closes before all of the request is there may take the answer back with it.
    socket.once('data', () =>
      socket.write(
        `HTTP/1.1 ${status} No\r\n${headers}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      ),
    ),
  );

describe.each([
  ['undici 6', undici6 as unknown as typeof undici7],
  ['undici 7', undici7],
])('a proxy of %s without a tunnel', (copy, undici) => {
  const kinds = {
    ProxyAgent: (uri: string) => new undici.ProxyAgent({ uri, proxyTunnel: false }),
    EnvHttpProxyAgent: (httpProxy: string) =>
      new undici.EnvHttpProxyAgent({ httpProxy, noProxy: 'localhost', proxyTunnel: false }),
    'ProxyAgent with an interceptor': (uri: string) =>
      new undici.ProxyAgent({ uri, proxyTunnel: false }).compose(
        (dispatch) => (options, handler) => dispatch(options, handler),
      ),
  };

  /** What a call fails with whose answers come from that port. */
  async function told(
    port: number,
    kind: keyof typeof kinds = 'ProxyAgent',
    options: ClientOptions = {},
  ): Promise<ChatError> {
    const agent = kinds[kind](`http://user:secret@127.0.0.1:${port}`);
    cleanups.push(() => agent.destroy());
    const transport = undiciTransport({ dispatcher: agent as unknown as DispatcherLike });
    const error = await errorOf(
      ask({ transport, baseURL: 'http://vendor.invalid', allowHttp: true, ...options }),
    );
    expect(JSON.stringify([error, error.report]) + error.stack).not.toMatch(
      /secret|any-key-of-mine/,
    );
    return error;
  }

  test.each([
    ['ProxyAgent', 401, 'server: tinyproxy/1.11.1', false],
    ['EnvHttpProxyAgent', 403, 'server: tinyproxy/1.11.1', false],
    ['ProxyAgent with an interceptor', 403, 'server: squid', false],
    ['ProxyAgent', 503, 'via: 1.1 a\r\nx-squid-error: ERR_DNS_FAIL 0', true],
    ['ProxyAgent', 502, 'server: mitmproxy 11.0.2', true],
    ['ProxyAgent', 504, 'proxy-status: cdn, "127.0.0.1"; error=x; details="a, b; c"', true],
    ['ProxyAgent', 401, 'proxy-authenticate: Basic', false],
  ] as const)('as %s is named by its own page: %i, %s', async (kind, status, said, retryable) => {
    const { port } = await answering(status, `content-type: text/html\r\n${said}`, page);
    const error = await told(port, kind);
    expect(error).toMatchObject({ code: 'connection', retryable });
    expect(error).not.toHaveProperty('status');
    // What undici 6 makes of interceptors hides what it sends by.
    const isHidden = copy === 'undici 6' && kind === 'ProxyAgent with an interceptor';
    const name = isHidden ? 'The proxy' : `The proxy 127.0.0.1:${port}`;
    expect(error.message).toContain(`${name} refused the connection to vendor`);
    expect(error.message).toMatch(new RegExp(`\\(${status}.*\\): an HTML page, "Blocked"`));
    expect(error.report?.attempts).toMatchObject([{ status, error: 'connection' }]);
  });

  test('is asked again no sooner than it says', async () => {
    const headers = 'server: squid\r\nretry-after: 7';
    const { port } = await answering(503, headers, page);
    expect(await told(port)).toMatchObject({ code: 'connection', retryAfterMs: 7_000 });
  });

  test.each([
    [401, 'authentication', 'server: nginx', refusal],
    [403, 'permission_denied', 'server: squid', refusal],
    [502, 'server_error', 'x-squid-error: ERR 0', refusal.slice(0, -4)],
    [503, 'overloaded', 'content-type: text/event-stream', `data: ${refusal}\n\n`],
  ])('hands on a %i of the vendor, %s', async (status, code, headers, body) => {
    const { port } = await answering(status, headers, body);
    const error = await told(port);
    expect(error).toMatchObject({ code, status });
    expect(error.message).toMatch(`DeepSeek answered ${status}`);
    expect(error.message).not.toContain('proxy');
  });

  test.each([
    [403, 'permission_denied', 'server: nginx', page],
    [502, 'server_error', 'proxy-status: cdn; error=x, 127.0.0.1; received-status=502', page],
    [502, 'server_error', 'proxy-status: cdn; error=x', page],
    [502, 'server_error', 'via: 1.1 tinyproxy (tinyproxy/1.11.1)', ''],
    [302, 'unexpected_redirect', 'location: http://login.invalid/', page],
  ])('may have written a %i that names nobody (%s)', async (status, code, headers, body) => {
    const { port } = await answering(status, headers, body);
    const error = await told(port, 'EnvHttpProxyAgent');
    expect(error).toMatchObject({ code, status });
    expect(error.message).toContain(`DeepSeek answered ${status}`);
    const note = `(it came through the proxy 127.0.0.1:${port}, and may be the proxy's own answer)`;
    expect(error.message.endsWith(note)).toBe(true);
  });

  test('that sends elsewhere is named', async () => {
    const { port } = await answering(302, 'server: squid\r\nlocation: http://login.invalid/', page);
    const error = await told(port);
    expect(error).toMatchObject({ code: 'unexpected_redirect', status: 302 });
    expect(error.message).toContain(`The proxy 127.0.0.1:${port} answered 302`);
  });

  test('is not spoken of where a request goes past it', async () => {
    const baseURL = (await serve((_, response) => response.writeHead(403).end(page))).replace(
      '127.0.0.1',
      'localhost',
    );
    const error = await told(9, 'EnvHttpProxyAgent', { baseURL });
    expect(error.message).toBe('DeepSeek answered 403: an HTML page, "Blocked"');
  });

  test('is not spoken of where requests went both ways', async () => {
    const { port } = await answering(403, 'server: nginx', page);
    const baseURL = await serve((_, response) => response.writeHead(403).end(page));
    vi.stubEnv('no_proxy', '');
    cleanups.push(() => vi.unstubAllEnvs());
    const httpProxy = `http://127.0.0.1:${port}`;
    const agent = new undici.EnvHttpProxyAgent({ httpProxy, proxyTunnel: false });
    cleanups.push(() => agent.destroy());
    const transport = undiciTransport({ dispatcher: agent as unknown as DispatcherLike });
    const through = await errorOf(ask({ transport, baseURL }));
    vi.stubEnv('no_proxy', '127.0.0.1');
    const past = await errorOf(ask({ transport, baseURL }));
    expect(through.message).toContain('came through the proxy');
    expect(past.message).not.toContain('proxy');
  });

  test('is not spoken of where there is a tunnel', async () => {
    const { port } = await serveSocket((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.once('data', () =>
          socket.write(`HTTP/1.1 403 No\r\ncontent-length: ${page.length}\r\n\r\n${page}`),
        );
      }),
    );
    const agent = new undici.ProxyAgent({ uri: `http://127.0.0.1:${port}`, proxyTunnel: true });
    cleanups.push(() => agent.destroy());
    const transport = undiciTransport({ dispatcher: agent as unknown as DispatcherLike });
    const error = await errorOf(ask({ transport, baseURL: 'http://127.0.0.1:9' }));
    expect(error.message).toBe('DeepSeek answered 403: an HTML page, "Blocked"');
  });
});

describe('a fetch behind a proxy', () => {
  const answered = (status: number, headers: Record<string, string>, body: string, url: string) => {
    const fetch = async (): Promise<Response> => new Response(body, { status, headers });
    return errorOf(ask({ transport: fetchTransport({ fetch }), baseURL: url, allowHttp: true }));
  };
  const http = 'http://vendor.invalid';
  const https = 'https://vendor.invalid';

  test.each([
    [407, {}, '', https],
    [401, { 'proxy-authenticate': 'Basic' }, page, https],
    [403, { server: 'tinyproxy/1.11.1' }, page, http],
  ])('tells its %i, if not its name (%o)', async (status, headers, body, url) => {
    const error = await answered(status, headers as Record<string, string>, body, url);
    expect(error).toMatchObject({ code: 'connection', retryable: false });
    expect(error.message).toContain(
      `The proxy refused the connection to vendor.invalid (${status}`,
    );
  });

  test.each([
    [407, 'bad_request', {}, refusal, https],
    [403, 'permission_denied', { server: 'squid' }, page, https],
    [403, 'permission_denied', { server: 'nginx' }, page, http],
    [403, 'permission_denied', { server: 'my-squid-farm' }, page, http],
  ])('says of a %i no more than it knows (%s, %o)', async (status, code, headers, body, url) => {
    const error = await answered(status, headers as Record<string, string>, body, url);
    expect(error).toMatchObject({ code, status });
    expect(error.message).toContain(`DeepSeek answered ${status}`);
    expect(error.message).not.toContain('roxy');
  });
});

test('a request that no proxy carries is not said to have met one', async () => {
  const agent = new undici7.EnvHttpProxyAgent({
    httpsProxy: 'http://user:secret@127.0.0.1:3128',
    noProxy: '127.0.0.1,nowhere.invalid',
  });
  cleanups.push(() => agent.destroy());
  const transport = undiciTransport({ dispatcher: agent as unknown as DispatcherLike });
  for (const host of ['127.0.0.1:9', 'nowhere.invalid']) {
    const error = await errorOf(ask({ transport, baseURL: `https://${host}` }));
    expect(error.message).toContain(`No answer from ${host}`);
    expect(error.message).not.toContain('proxy');
  }
});

test.each([
  ['connect ECONNREFUSED 10.0.0.1:3128', '10.0.0.1:3128, on the way to api.deepseek.com'],
  ['getaddrinfo ENOTFOUND proxy.corp', 'proxy.corp, on the way to api.deepseek.com'],
  ['connect ECONNREFUSED 10.0.0.1:443', 'api.deepseek.com'],
  ['getaddrinfo ENOTFOUND api.deepseek.com', 'api.deepseek.com'],
  ['getaddrinfo EAI_AGAIN api.deepseek.com', 'api.deepseek.com'],
])('where a fetch failed is told, if it is not the vendor: %s', async (reason, place) => {
  const cause = Object.assign(new Error(reason), { code: 'E' });
  const fetch = (): Promise<never> => Promise.reject(new TypeError('fetch failed', { cause }));
  const error = await errorOf(ask({ transport: fetchTransport({ fetch }) }));
  expect(error.message).toBe(`No answer from ${place}: E`);
});

describe('a compressed answer', () => {
  const ways = {
    gzip: gzipSync,
    'x-gzip': gzipSync,
    deflate: deflateSync,
    'deflate, without its head': deflateRawSync,
    br: brotliCompressSync,
  };
  const answer = JSON.stringify(whole({ content: 'Hello there. '.repeat(1_000) }));
  const events = [chunk({ content: 'Hello there. '.repeat(1_000) }), chunk({}, 'stop')]
    .map((event) => `data: ${JSON.stringify(event)}\n\n`)
    .join('');

  describe.each([
    ['undici', undiciTransport],
    ['fetch', fetchTransport],
  ])('over %s', (_name, transportOf) => {
    test.each(Object.entries(ways))('of %s is read', async (encoding, pack) => {
      for (const isStreamed of [false, true]) {
        const baseURL = await serve((_, response) => {
          response.setHeader('content-encoding', encoding.split(',')[0] ?? '');
          response.setHeader('content-type', isStreamed ? 'text/event-stream' : 'application/json');
          response.end(pack(isStreamed ? events : answer));
        });
        const completion = await ask({ baseURL, transport: transportOf() }, isStreamed);
        expect(completion).toMatchObject({
          choices: [{ message: { content: 'Hello there. '.repeat(1_000) } }],
        });
      }
    });

    test('that is cut off is no answer', async () => {
      const packed = gzipSync(events);
      for (const length of [10, 40, packed.length - 30]) {
        const baseURL = await serve((_, response) => {
          response.setHeader('content-encoding', 'gzip');
          response.setHeader('content-type', 'text/event-stream');
          response.end(packed.subarray(0, length));
        });
        const error = await errorOf(ask({ baseURL, transport: transportOf() }, true));
        expect(error.code).toBe('stream_interrupted');
      }
    });

    test('that unpacks to more than the limit is refused', async () => {
      const large = gzipSync(JSON.stringify(whole({ content: 'x'.repeat(50_000_000) })));
      const baseURL = await serve((_, response) => {
        response.setHeader('content-encoding', 'gzip');
        response.end(large);
      });
      const limits = { responseBytes: 1_000_000 };
      const error = await errorOf(ask({ baseURL, transport: transportOf(), limits }));
      expect(error.code).toBe('limit_exceeded');
    });
  });

  // Node's own fetch may drop what it has unpacked.
  test('that is whole, but whose connection breaks, is an answer', async () => {
    const head = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n`;
    const packed = gzipSync(events);
    const { port } = await serveSocket((socket) =>
      socket.once('data', () => {
        socket.write(`${head}${packed.length.toString(16)}\r\n`);
        socket.end(packed);
      }),
    );
    const baseURL = `http://127.0.0.1:${port}`;
    const completion = await ask({ baseURL, transport: undiciTransport() }, true);
    expect(completion).toMatchObject({ report: { completion: 'complete' } });
  });

  test('that is cut off hands out what had come', async () => {
    const packed = gzipSync(events);
    const baseURL = await serve((_, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.setHeader('content-type', 'text/event-stream');
      response.write(packed.subarray(0, packed.length - 12));
      setTimeout(() => response.destroy(), 50);
    });
    const error = await errorOf(ask({ baseURL, transport: undiciTransport() }, true));
    expect(error.code).toBe('stream_interrupted');
    expect(error.partial?.choices[0].message.content).toContain('Hello there.');
  });

  test('ends where its compressed data ends, and an empty one is empty', async () => {
    let closed = 0;
    const baseURL = await serve((_, response) => {
      response.on('close', () => closed++);
      response.setHeader('content-encoding', 'deflate');
      response.write(deflateSync(answer));
      response.write('x'.repeat(1_000));
    });
    await ask({ baseURL, transport: undiciTransport() });
    await expect.poll(() => closed).toBe(1);
    const empty = await serve((_, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end();
    });
    const error = await errorOf(ask({ baseURL: empty, transport: undiciTransport() }));
    expect(error.message).toContain('ended before it was complete');
  });

  test('of many bytes leaves no listener behind', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    cleanups.push(() => process.off('warning', onWarning));
    const noise = Array.from({ length: 200_000 }, () => Math.random().toString(36)).join(' ');
    const baseURL = await serve((_, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync(JSON.stringify(whole({ content: noise }))));
    });
    const completion = await ask({ baseURL, transport: undiciTransport() });
    expect(completion).toMatchObject({ choices: [{ message: { content: noise } }] });
    expect(warnings).toEqual([]);
  });

  test('of a kind that cannot be read here says so', async () => {
    const baseURL = await serve((_, response) => {
      response.setHeader('content-encoding', 'compress');
      response.end('xxxx');
    });
    const error = await errorOf(ask({ baseURL, transport: undiciTransport() }));
    expect(error.code).toBe('invalid_response');
    expect(error.message).toContain('compress cannot be decoded here');
  });
});

test.each(['responseError', 'retry'] as const)(
  'the status that the interceptor %s makes an error of is kept',
  async (name) => {
    const baseURL = await serve((_, response) => {
      response.statusCode = 503;
      response.setHeader('content-type', 'application/json');
      response.end('{"error":{"message":"Server overloaded"}}');
    });
    const interceptor =
      name === 'retry'
        ? undici7.interceptors.retry({ maxRetries: 1, minTimeout: 1, methods: ['POST'] })
        : undici7.interceptors.responseError();
    const agent = new undici7.Agent().compose(interceptor);
    cleanups.push(() => agent.destroy());
    const transport = undiciTransport({ dispatcher: agent as unknown as DispatcherLike });
    const error = await errorOf(ask({ baseURL, transport }));
    expect(error).toMatchObject({ code: 'overloaded', status: 503 });
  },
);

test.each([
  Object.assign(new Error('Requires net access, run again with --allow-net'), {
    name: 'NotCapable',
  }),
  Object.assign(new Error('Access to this API has been restricted'), { code: 'ERR_ACCESS_DENIED' }),
])('what the process is not allowed is its own fault, and not tried again (%s)', async (cause) => {
  let calls = 0;
  const fetch = (): Promise<never> => {
    calls++;
    return Promise.reject(new TypeError('fetch failed', { cause }));
  };
  const error = await errorOf(ask({ transport: fetchTransport({ fetch }), maxRetries: 3 }));
  expect(error.code).toBe('invalid_options');
  expect(error.message).toContain('--allow-net');
  expect(calls).toBe(1);
});

test('a fetch that streams no body is read whole', async () => {
  for (const isStreamed of [false, true]) {
    const text = isStreamed
      ? `data: ${JSON.stringify(chunk({ content: 'x' }, 'stop'))}\n\ndata: [DONE]\n\n`
      : JSON.stringify(whole({ content: 'x' }));
    const fetch = async () => ({
      status: 200,
      headers: new Headers(),
      body: undefined as never,
      arrayBuffer: async () => new TextEncoder().encode(text).buffer as ArrayBuffer,
    });
    const completion = await ask({ transport: fetchTransport({ fetch }) }, isStreamed);
    expect(completion).toMatchObject({ choices: [{ message: { content: 'x' } }] });
  }
});

test('where there is no fetch, that is told once', async () => {
  const { fetch } = globalThis;
  cleanups.push(() => (globalThis.fetch = fetch));
  globalThis.fetch = undefined as never;
  const error: ChatError = await errorOf(ask({ transport: fetchTransport(), maxRetries: 3 }));
  expect(error.code).toBe('invalid_options');
  expect(error.message).toContain('customExportConditions');
});
