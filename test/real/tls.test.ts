import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientOptions } from 'deepseek-v4-flash';
import { undiciTransport } from 'deepseek-v4-flash';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { Agent } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { programAt } from '../kit/parts.ts';
import type { Running } from '../kit/process.ts';
import { startNginx, startTinyproxy, tempFolder } from '../kit/process.ts';
import { answer, asks, expectSame, through } from './ask.ts';
import { askThrough } from './proxied.ts';
import { leaksOf } from './secrets.ts';
import { cleanups } from '../kit/cleanups.ts';
import { errorOf } from '../kit/failures.ts';

// Certificates and versions of TLS, as OpenSSL makes them and nginx shows them.

const nginx = programAt('nginx', 'nginx-light');
const openssl = programAt('openssl', 'openssl');
const tinyproxy = programAt('tinyproxy', 'tinyproxy');

const folder = tempFolder();
afterAll(() => rmSync(folder, { recursive: true }));

function runOpenssl(...args: string[]): void {
  execFileSync(openssl ?? '', args, { cwd: folder, stdio: 'pipe' });
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority: `name.pem`, `name.key`. */
function makeAuthority(name: string): void {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
  runOpenssl('req', '-x509', ...newKey, ...files, '-days', '30', '-subj', `/CN=${name}`);
}

/** A certificate: `name.pem`, `name.key`. */
function makeCertificate(
  name: string,
  { ca = 'ca', names = 'IP:127.0.0.1,DNS:localhost', days = '30' } = {},
): void {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.csr`];
  runOpenssl('req', ...newKey, ...files, '-subj', `/CN=${name}`);
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}`);
  const authority = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial'];
  const rest = ['-extfile', `${name}.ext`, '-days', days, '-out', `${name}.pem`];
  runOpenssl('x509', '-req', '-in', `${name}.csr`, ...authority, ...rest);
}

interface Port {
  what: string;
  certificate: string;
  /** More of its `server`. */
  directives?: string;
  /** What the error says why. */
  code: RegExp;
  /** What the error of a client says that knows no certificate of ours, if it is something else. */
  unknowing?: RegExp;
}

const unknown = /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/;
const old = /ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION|ERR_SSL_UNSUPPORTED_PROTOCOL/;

const bad: Port[] = [
  { what: 'that has expired', certificate: 'expired', code: /CERT_HAS_EXPIRED/ },
  {
    what: 'for another host',
    certificate: 'elsewhere',
    code: /ERR_TLS_CERT_ALTNAME_INVALID/,
    unknowing: unknown,
  },
  { what: 'of an unknown authority', certificate: 'strange', code: unknown },
  { what: 'that it signed itself', certificate: 'other', code: /DEPTH_ZERO_SELF_SIGNED_CERT/ },
  {
    what: 'over TLS 1.1 alone',
    certificate: 'good',
    directives: 'ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;',
    code: old,
  },
];

// The other ports, after those.
const [good, mutual, older, plain] = [0, 1, 2, 3].map((at) => bad.length + at) as [
  number,
  number,
  number,
  number,
];

let emulator: EmulatorServer;
let running: Running;
const originAt = (index: number, protocol = 'https'): string =>
  `${protocol}://127.0.0.1:${running.ports[index]}`;

describe.skipIf(nginx === undefined || openssl === undefined)('nginx with TLS', () => {
  beforeAll(async () => {
    for (const name of ['ca', 'other']) makeAuthority(name);
    for (const name of ['good', 'user']) makeCertificate(name);
    makeCertificate('expired', { days: '-1' });
    makeCertificate('elsewhere', { names: 'DNS:elsewhere.example' });
    makeCertificate('strange', { ca: 'other' });
    emulator = await startEmulator();
    const path = (name: string): string => join(folder, name);
    const server = (port = 0, certificate: string, directives = '', ssl = ' ssl') =>
      `server { listen 127.0.0.1:${port}${ssl}; ssl_certificate ${path(certificate)}.pem;
        ssl_certificate_key ${path(certificate)}.key; ${directives}
        location / { proxy_pass ${emulator.url}; proxy_buffering off; } }`;
    const verify = `ssl_verify_client on; ssl_client_certificate ${path('ca.pem')};`;
    running = await startNginx(
      nginx ?? '',
      (ports) =>
        [
          ...bad.map(({ certificate, directives }, at) =>
            server(ports[at], certificate, directives),
          ),
          server(ports[good], 'good'),
          server(ports[mutual], 'good', verify),
          server(ports[older], 'good', 'ssl_protocols TLSv1.2;'),
          server(ports[plain], 'good', '', ''),
        ].join('\n'),
      bad.length + 4,
    );
    return async () => {
      await running.stop();
      await emulator.close();
    };
  });
  beforeEach(() => {
    // Waits between attempts are jitter times half a second, and more.
    vi.spyOn(Math, 'random').mockReturnValue(0.02);
  });

  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

  /** A client that knows our authority. */
  function knowing(connect: object = {}): ClientOptions {
    const dispatcher = new Agent({ connect: { ca: read('ca.pem'), ...connect } });
    cleanups.push(() => dispatcher.destroy());
    return { transport: undiciTransport({ dispatcher }) };
  }

  /** A `fetch` knows the authorities of its process alone. */
  const overUndici = asks.filter(({ transport }) => transport === 'undici');

  test.each(overUndici)('an answer under a good certificate is the same, $way', async (row) => {
    await expectSame(row, emulator, originAt(good), knowing());
  });

  test.each(overUndici)('a client that shows its own certificate is let in, $way', async (row) => {
    const own = knowing({ cert: read('user.pem'), key: read('user.key') });
    await expectSame(row, emulator, originAt(mutual), own);
  });

  test.each(overUndici)(
    'one that shows none is refused, and not asked again, $way',
    async ({ ask }) => {
      const error = await errorOf(ask(originAt(mutual), { ...knowing(), maxRetries: 2 }));
      expect(error).toMatchObject({ code: 'bad_request', status: 400, retryable: false });
      expect(error.message).toContain('400 No required SSL certificate was sent');
    },
  );

  async function expectRefused(
    ask: Promise<unknown>,
    index: number,
    reason: RegExp,
  ): Promise<void> {
    const before = emulator.requests.length;
    const error = await errorOf(ask);
    expect(error).toMatchObject({ code: 'connection', retryable: false });
    expect(error.message).toContain(`127.0.0.1:${running.ports[index]}`);
    expect(error.message).toMatch(reason);
    expect(error.report?.attempts).toHaveLength(1);
    expect(emulator.requests).toHaveLength(before);
    expect(leaksOf(error)).toEqual([]);
  }

  describe.each(bad.map((port, index) => ({ ...port, index })))(
    'a certificate $what',
    ({ index, code, unknowing = code }) => {
      test.each(overUndici)('is refused at once, $way', async ({ ask }) => {
        const options = { ...knowing(), maxRetries: 2 };
        await expectRefused(ask(originAt(index), options), index, code);
      });

      test.each(asks)(
        'is refused by a client without options, over $transport, $way',
        async ({ ask }) => {
          await expectRefused(ask(originAt(index), { maxRetries: 2 }), index, unknowing);
        },
      );
    },
  );

  test.each(overUndici)(
    'a version that is too old for the client is refused at once, $way',
    async (row) => {
      await expectSame(row, emulator, originAt(older), knowing());
      const options = { ...knowing({ minVersion: 'TLSv1.3' }), maxRetries: 2 };
      await expectRefused(row.ask(originAt(older), options), older, old);
    },
  );

  test.each(asks)('a port without TLS is told, over $transport, $way', async ({ ask }) => {
    const error = await errorOf(ask(originAt(plain), { maxRetries: 2 }));
    expect(error).toMatchObject({ code: 'connection', retryable: false });
    expect(error.message).toContain(`127.0.0.1:${running.ports[plain]}`);
    expect(error.message).toMatch(/SSL|EPROTO/);
  });

  test.each(asks)(
    'a port with TLS that is asked without is a refusal, over $transport, $way',
    async ({ ask }) => {
      const error = await errorOf(ask(originAt(good, 'http'), { maxRetries: 2 }));
      expect(error).toMatchObject({ code: 'bad_request', status: 400, retryable: false });
    },
  );

  describe.skipIf(tinyproxy === undefined).each(['undici6', 'undici', 'undici8'] as const)(
    'through a proxy of %s',
    (copy) => {
      async function askAt(index: number) {
        const { ports, stop } = await startTinyproxy(tinyproxy ?? '', []);
        cleanups.push(stop);
        const proxy = `http://127.0.0.1:${ports[0]}`;
        const baseURL = through(originAt(index), emulator);
        const route = { copy, by: 'undici', tunnel: true, proxy, baseURL } as const;
        return askThrough({ ...route, ca: read('ca.pem') });
      }

      test('an answer is whole, and a stream too', async () => {
        emulator.reply(answer, answer);
        const { content } = answer;
        expect(await askAt(good)).toEqual({ whole: { content }, streamed: { content } });
      });

      test.each(bad.map((port, index) => ({ ...port, index })))(
        'a certificate $what is refused at once, and that of the vendor it is',
        async ({ index, code }) => {
          const told = await askAt(index);
          for (const each of [told.whole, told.streamed]) {
            expect(each).toMatchObject({
              code: 'connection',
              retryable: false,
              attempts: 1,
              leaks: [],
            });
            expect(each.message).toContain(`No answer from 127.0.0.1:${running.ports[index]}`);
            expect(each.message).toMatch(code);
          }
        },
      );
    },
  );
});
