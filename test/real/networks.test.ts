import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import * as zlib from 'node:zlib';
import { createClient, undiciTransport } from 'deepseek-v4-flash';
import { faults } from 'deepseek-v4-flash/testing';
import { Agent } from 'undici';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { programAt } from '../kit/parts.ts';
import type { Running } from '../kit/process.ts';
import { freePorts, startCaddy, startNginx } from '../kit/process.ts';
import { serve } from '../kit/serve.ts';
import { question } from '../kit/wire.ts';
import { answer, asks, emulate, expectInterrupted, expectSame, through } from './ask.ts';
import { leaksOf, prompt } from './secrets.ts';
import { cleanups } from '../kit/cleanups.ts';
import { errorOf } from '../kit/failures.ts';

// What nginx and Caddy make of an answer between the vendor and the client. The vendor is the emulator, on this machine.

const nginx = programAt('nginx', 'nginx-light');
const caddy = programAt('caddy', 'caddy');

beforeEach(() => {
  // Waits between attempts are jitter times half a second, and more.
  vi.spyOn(Math, 'random').mockReturnValue(0.02);
});

const streaming = asks.filter(({ way }) => way === 'streamed');

function originOf({ ports, stop }: Running): string {
  cleanups.push(stop);
  return `http://127.0.0.1:${ports[0]}`;
}

/** nginx before a server. @param directives of its `server` */
async function behindNginx(target: string, directives = ''): Promise<string> {
  const server = (port = 0) =>
    `server { listen 127.0.0.1:${port}; ${directives} location / { proxy_pass ${target}; } }`;
  return originOf(await startNginx(nginx ?? '', ([port]) => server(port)));
}

/** Caddy before a server. @param directives of its site */
async function behindCaddy(target: string, directives = ''): Promise<string> {
  const proxy = `reverse_proxy ${new URL(target).host}`;
  return originOf(await startCaddy(caddy ?? '', `${directives}\n  ${proxy}`));
}

/** The encoding in which a server really answers; a `fetch` unpacks by itself. */
async function encodingFrom(baseURL: string, accepted: string): Promise<string | undefined> {
  const headers = { authorization: 'Bearer any', 'accept-encoding': accepted };
  const request = httpRequest(`${baseURL}/chat/completions`, { method: 'POST', headers });
  const messages = [{ role: 'user', content: prompt }];
  request.end(JSON.stringify({ model: 'deepseek-v4-flash', stream: true, messages }));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.headers['content-encoding'];
}

describe.skipIf(nginx === undefined)('nginx', () => {
  describe.each(asks)('over $transport, $way', (row) => {
    test.each([
      ['gathers it', 'proxy_buffering on;'],
      ['hands it on at once', 'proxy_buffering off; proxy_http_version 1.1;'],
      ['writes it to its disk', 'proxy_buffers 2 4k; proxy_busy_buffers_size 4k;'],
      ['ends it with the connection', 'chunked_transfer_encoding off; keepalive_timeout 0;'],
    ])('an answer is the same if it %s', async (_, directives) => {
      const emulator = await emulate();
      await expectSame(row, emulator, await behindNginx(emulator.url, directives));
    });

    test('a compressed answer is the same', async () => {
      const emulator = await emulate();
      const directives = 'gzip on; gzip_min_length 1; gzip_proxied any; gzip_types *;';
      const origin = await behindNginx(emulator.url, directives);
      expect(await encodingFrom(through(origin, emulator), 'gzip')).toBe('gzip');
      await expectSame(row, emulator, origin, { headers: { 'accept-encoding': 'gzip' } });
    });

    // HTTP/1.0 has no end but that of the connection, so that nginx makes a clean end of a cut.
    test.each([
      ['gathers it', ''],
      ['hands it on at once', 'proxy_buffering off;'],
      ['speaks HTTP/1.1 with the vendor', 'proxy_http_version 1.1; proxy_buffering off;'],
      ['ends it with the connection', 'chunked_transfer_encoding off; proxy_buffering off;'],
      ['compresses it', 'gzip on; gzip_min_length 1; gzip_proxied any; gzip_types *;'],
    ])('an answer that the vendor cuts is none if it %s', async (_, directives) => {
      const emulator = await emulate();
      const origin = await behindNginx(emulator.url, directives);
      const options = { headers: { 'accept-encoding': 'gzip' } };
      await expectInterrupted(row, emulator, origin, options);
    });

    test.each([
      [401, 'authentication', false],
      [403, 'permission_denied', false],
      [404, 'not_found', false],
      [405, 'bad_request', false],
      [429, 'rate_limit', true],
      [500, 'server_error', true],
      [503, 'overloaded', true],
    ])('its own page of a %i is judged by its status', async (status, code, retryable) => {
      const origin = await behindNginx('http://127.0.0.1:9', `return ${status};`);
      const error = await errorOf(row.ask(origin));
      expect(error).toMatchObject({ code, status, retryable });
      expect(leaksOf(error)).toEqual([]);
    });

    test('its page of a vendor that is down names the status, and is asked for again', async () => {
      const [closed] = await freePorts(1);
      const origin = await behindNginx(`http://127.0.0.1:${closed}`);
      const error = await errorOf(row.ask(origin, { maxRetries: 2 }));
      expect(error).toMatchObject({ code: 'server_error', status: 502, retryable: true });
      expect(error.message).toContain('502 Bad Gateway');
      expect(error.report?.attempts).toHaveLength(3);
      expect(leaksOf(error)).toEqual([]);
    });

    test('its page of a vendor that does not answer in time names the status', async () => {
      const silent = await serve(() => {});
      const origin = await behindNginx(silent, 'proxy_read_timeout 1s;');
      const error = await errorOf(row.ask(origin));
      expect(error).toMatchObject({ code: 'server_error', status: 504, retryable: true });
      expect(error.message).toContain('504 Gateway Time-out');
      expect(leaksOf(error)).toEqual([]);
    });

    // It answers before it has read the request, and does not always read the rest of it.
    test.each([2_000, 8_000_000])(
      'its page for a request of %i bytes is a refusal, and no lost connection',
      async (bytes) => {
        const emulator = await emulate();
        const origin = await behindNginx(emulator.url, 'client_max_body_size 1k;');
        const content = prompt.padEnd(bytes, '.');
        const error = await errorOf(row.ask(through(origin, emulator), {}, content));
        expect(error).toMatchObject({ code: 'bad_request', status: 413, retryable: false });
        expect(emulator.requests).toEqual([]);
        expect(leaksOf(error)).toEqual([]);
      },
    );

    test('a redirect to elsewhere is not followed', async () => {
      const emulator = await emulate();
      const origin = await behindNginx('http://127.0.0.1:9', `return 308 ${emulator.url};`);
      const error = await errorOf(row.ask(origin, { maxRetries: 2 }));
      expect(error).toMatchObject({ code: 'unexpected_redirect', status: 308, retryable: false });
      expect(emulator.connections.total).toBe(0);
    });

    test('connections that it closes between two calls, or during them, are not missed', async () => {
      const emulator = await emulate();
      const origin = await behindNginx(
        emulator.url,
        'keepalive_requests 3; keepalive_timeout 2ms;',
      );
      for (let call = 0; call < 30; call++) {
        emulator.reply({ content: String(call) });
        const { choices } = await row.ask(through(origin, emulator), { maxRetries: 2 });
        expect(choices[0].message.content).toBe(String(call));
      }
    });
  });

  test.each(streaming)(
    'a stream whose vendor falls silent is cut, and what had come is handed out, over $transport',
    async ({ ask }) => {
      const emulator = await emulate();
      const origin = await behindNginx(
        emulator.url,
        'proxy_buffering off; proxy_read_timeout 300ms;',
      );
      emulator.reply({ ...faults.cutBefore('before finish', 'hang'), answer });
      const error = await errorOf(ask(through(origin, emulator)));
      expect(error).toMatchObject({ code: 'stream_interrupted', retryable: true });
      expect(error.partial?.choices[0].message.reasoning_content).toBe(answer.reasoning_content);
      expect(error.report?.attempts).toHaveLength(1);
    },
  );

  test('a second call does without the connection that it has closed', async () => {
    const emulator = await emulate();
    const origin = await behindNginx(emulator.url, 'keepalive_timeout 50ms;');
    const agent = new Agent();
    cleanups.push(() => agent.destroy());
    const options = { transport: undiciTransport({ dispatcher: agent }) };
    for (const { ask } of asks.slice(0, 2)) {
      const closed = once(agent, 'disconnect');
      await ask(through(origin, emulator), options);
      await closed;
    }
    expect(emulator.requests).toHaveLength(2);
  });

  test('leaving a stream ends the request behind it', async () => {
    const emulator = await emulate();
    const origin = await behindNginx(emulator.url, 'proxy_buffering off;');
    emulator.reply({ ...faults.slow(5), answer });
    const client = createClient({ baseURL: through(origin, emulator), apiKey: 'any' });
    for await (const _ of client.chat.completions.stream({ messages: question })) break;
    expect(emulator.requests).toHaveLength(1);
    await expect.poll(() => emulator.connections.busy, { timeout: 5_000 }).toBe(0);
  });
});

describe.skipIf(caddy === undefined)('Caddy', () => {
  const encode = (kind: string): string => `encode ${kind} {
    minimum_length 1
    match header Content-Type *
  }`;

  describe.each(asks)('over $transport, $way', (row) => {
    test('an answer is the same', async () => {
      const emulator = await emulate();
      await expectSame(row, emulator, await behindCaddy(emulator.url));
    });

    test('a compressed answer is the same', async () => {
      const emulator = await emulate();
      const origin = await behindCaddy(emulator.url, encode('gzip zstd'));
      expect(await encodingFrom(through(origin, emulator), 'gzip')).toBe('gzip');
      await expectSame(row, emulator, origin, { headers: { 'accept-encoding': 'gzip' } });
    });

    test('an answer that the vendor cuts is none, compressed or not', async () => {
      const emulator = await emulate();
      const origin = await behindCaddy(emulator.url, encode('gzip'));
      await expectInterrupted(row, emulator, origin);
      await expectInterrupted(row, emulator, origin, { headers: { 'accept-encoding': 'gzip' } });
    });

    test('its empty answer for a vendor that is down is judged by its status', async () => {
      const [closed] = await freePorts(1);
      const origin = await behindCaddy(`http://127.0.0.1:${closed}`);
      const error = await errorOf(row.ask(origin, { maxRetries: 1 }));
      expect(error).toMatchObject({ code: 'server_error', status: 502, retryable: true });
      expect(error.report?.attempts).toHaveLength(2);
      expect(leaksOf(error)).toEqual([]);
    });
  });

  // Node has zstd since 22.15.
  const zstd = 'createZstdDecompress' in zlib ? 'is the same' : 'says that it cannot be read';
  test.each(asks.slice(0, 2))(`an answer compressed with zstd ${zstd}, $way`, async (row) => {
    const emulator = await emulate();
    const origin = await behindCaddy(emulator.url, encode('zstd'));
    const options = { headers: { 'accept-encoding': 'zstd' } };
    expect(await encodingFrom(through(origin, emulator), 'zstd')).toBe('zstd');
    if (zstd === 'is the same') return expectSame(row, emulator, origin, options);
    const error = await errorOf(row.ask(through(origin, emulator), options));
    expect(error).toMatchObject({ code: 'invalid_response', retryable: false });
    expect(error.message).toContain('zstd cannot be decoded here');
  });
});
