import { beforeEach, describe, expect, test, vi } from 'vitest';
import { programAt } from '../kit/parts.ts';
import { cleanups } from '../kit/cleanups.ts';
import { freePorts, startTinyproxy } from '../kit/process.ts';
import { serve } from '../kit/serve.ts';
import { answer, emulate } from './ask.ts';
import { askThrough } from './proxied.ts';
import { password, user } from './secrets.ts';

// What a proxy of a company does to a call: tinyproxy, asked by the `ProxyAgent` of each undici.

const tinyproxy = programAt('tinyproxy', 'tinyproxy');

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.02);
});

async function startProxy(lines: readonly string[] = [], denied?: string): Promise<number> {
  const { ports, stop } = await startTinyproxy(tinyproxy ?? '', lines, denied);
  cleanups.push(stop);
  return ports[0] ?? 0;
}

const routes = [
  { name: 'a ProxyAgent of undici 6', copy: 'undici6', by: 'undici', tunnel: true },
  { name: 'a ProxyAgent of undici 7', copy: 'undici', by: 'undici', tunnel: true },
  { name: 'a ProxyAgent of undici 8', copy: 'undici8', by: 'undici', tunnel: true },
  { name: 'the fetch of undici 7', copy: 'undici', by: 'fetch', tunnel: true },
  { name: 'NODE_USE_ENV_PROXY of Node 24', copy: 'node', by: 'undici', tunnel: true },
  { name: 'NODE_USE_ENV_PROXY of Node 24, over fetch', copy: 'node', by: 'fetch', tunnel: true },
  { name: 'undici 6 without a tunnel', copy: 'undici6', by: 'undici', tunnel: false },
  { name: 'undici 7 without a tunnel', copy: 'undici', by: 'undici', tunnel: false },
  { name: 'undici 8 without a tunnel', copy: 'undici8', by: 'undici', tunnel: false },
  { name: 'the fetch of undici 7 without a tunnel', copy: 'undici', by: 'fetch', tunnel: false },
  { name: 'a global undici 6', copy: 'undici6', by: 'undici', tunnel: false, isGlobal: true },
  { name: 'a global undici 8', copy: 'undici8', by: 'undici', tunnel: false, isGlobal: true },
  { name: 'the fetch of Node', copy: 'undici', by: 'fetch', tunnel: false, isGlobal: true },
] as const;

const addressOf = (port: number, login = ''): string => `http://${login}127.0.0.1:${port}`;
const withPassword = [`BasicAuth ${user} ${password}`];

interface Refusal {
  what: string;
  start(): Promise<{ port: number; login?: string }>;
  status: number;
}

const refusals: Refusal[] = [
  {
    what: 'a wrong password',
    start: async () => ({ port: await startProxy(withPassword), login: `${user}:${password}x@` }),
    status: 401,
  },
  {
    what: 'a target that it filters',
    start: async () => ({ port: await startProxy([], '^127') }),
    status: 403,
  },
];

/** A `fetch` that is given does not tell which proxy it goes through. */
const isNamed = (route: (typeof routes)[number]): boolean =>
  route.by === 'undici' || route.copy === 'node' || 'isGlobal' in route;
const proxyAt = (route: (typeof routes)[number], port: number): string =>
  isNamed(route) ? `The proxy 127.0.0.1:${port}` : 'The proxy';

describe.skipIf(tinyproxy === undefined).each(routes)('$name', (route) => {
  test('an answer is whole behind a password, and a stream too', async () => {
    const emulator = await emulate();
    emulator.reply(answer, answer);
    const proxy = addressOf(await startProxy(withPassword), `${user}:${password}@`);
    const told = await askThrough({ ...route, proxy, baseURL: emulator.baseURL('deepseek') });
    const { content } = answer;
    expect(told).toEqual({ whole: { content }, streamed: { content } });
  });

  test('a password that is missing is told, with the proxy, and not asked again', async () => {
    const emulator = await emulate();
    const port = await startProxy(withPassword);
    const baseURL = emulator.baseURL('deepseek');
    const told = await askThrough({ ...route, proxy: addressOf(port), baseURL });
    for (const each of [told.whole, told.streamed]) {
      expect(each).toMatchObject({ code: 'connection', retryable: false, attempts: 1, leaks: [] });
      expect(each.message).toContain(`${proxyAt(route, port)} refused the connection`);
      expect(each.message).toContain('(407: it requires a valid user and password)');
      expect(each.status).toBeUndefined();
    }
    expect(emulator.requests).toEqual([]);
  });

  test.each(refusals)('$what is refused, and not asked again', async ({ start, status }) => {
    const emulator = await emulate();
    const { port, login } = await start();
    const baseURL = emulator.baseURL('deepseek');
    const told = await askThrough({ ...route, proxy: addressOf(port, login), baseURL });
    for (const each of [told.whole, told.streamed]) {
      expect(each).toMatchObject({ code: 'connection', retryable: false, attempts: 1, leaks: [] });
      expect(each.message).toContain(String(status));
      expect(each.message).toContain(`${proxyAt(route, port)} refused the connection`);
      expect(each.status).toBeUndefined();
    }
    expect(emulator.requests).toEqual([]);
  });

  test('a target that it cannot reach is asked for again, and the status is told', async () => {
    const [closed] = await freePorts(1);
    const port = await startProxy();
    const baseURL = addressOf(closed ?? 0);
    const told = await askThrough({ ...route, proxy: addressOf(port), baseURL });
    for (const each of [told.whole, told.streamed]) {
      expect(each).toMatchObject({ code: 'connection', retryable: true, attempts: 3, leaks: [] });
      expect(each.message).toContain('500');
      expect(each.message).toContain(`${proxyAt(route, port)} refused the connection`);
    }
  });

  test('a proxy that is dead is named, and not the vendor', async () => {
    const emulator = await emulate();
    const [closed] = await freePorts(1);
    const baseURL = emulator.baseURL('deepseek');
    const told = await askThrough({ ...route, proxy: addressOf(closed ?? 0), baseURL });
    const named = isNamed(route)
      ? `the proxy 127.0.0.1:${closed}:`
      : `127.0.0.1:${closed}, on the way to`;
    for (const each of [told.whole, told.streamed]) {
      expect(each).toMatchObject({ code: 'connection', retryable: true, attempts: 3, leaks: [] });
      expect(each.message).toContain(`No answer from ${named}`);
    }
  });
});

describe.skipIf(tinyproxy === undefined).each(routes.filter(({ tunnel }) => tunnel))(
  '$name',
  (route) => {
    test('a port that it makes no tunnel to is refused, and not asked again', async () => {
      const emulator = await emulate();
      const port = await startProxy(['ConnectPort 443']);
      const baseURL = emulator.baseURL('deepseek');
      const told = await askThrough({ ...route, proxy: addressOf(port), baseURL });
      for (const each of [told.whole, told.streamed]) {
        expect(each).toMatchObject({
          code: 'connection',
          retryable: false,
          attempts: 1,
          leaks: [],
        });
        expect(each.message).toContain(`${proxyAt(route, port)} refused the connection`);
        expect(each.message).toContain('(403)');
      }
    });
  },
);

// What comes through a proxy without a tunnel is the vendor's, unless the proxy says that it is its own.
describe.skipIf(tinyproxy === undefined).each(routes.filter(({ tunnel }) => !tunnel))(
  '$name',
  (route) => {
    test.each([
      [401, 'authentication', 1],
      [403, 'permission_denied', 1],
      [503, 'overloaded', 3],
    ] as const)('the %i of the vendor stays its own', async (status, code, attempts) => {
      const emulator = await emulate();
      for (let call = 0; call < 2 * attempts; call++) emulator.reply({ error: code });
      const baseURL = emulator.baseURL('deepseek');
      const told = await askThrough({ ...route, proxy: addressOf(await startProxy()), baseURL });
      for (const each of [told.whole, told.streamed]) {
        expect(each).toMatchObject({ code, status, attempts, leaks: [] });
        expect(each.message).toContain(`DeepSeek answered ${status}: `);
        expect(each.message).not.toContain('proxy');
      }
    });

    test('a page that names nobody may be either of them', async () => {
      const page = '<html><head><title>No</title></head></html>';
      const baseURL = await serve((_, response) => {
        response.writeHead(403, { 'content-type': 'text/html' }).end(page);
      });
      const port = await startProxy();
      const told = await askThrough({ ...route, proxy: addressOf(port), baseURL });
      for (const each of [told.whole, told.streamed]) {
        expect(each).toMatchObject({ code: 'permission_denied', status: 403, leaks: [] });
        const note = `(it came through the proxy 127.0.0.1:${port}, and may be the proxy's own answer)`;
        expect(each.message).toBe(
          `DeepSeek answered 403: an HTML page, "No"${isNamed(route) ? ` ${note}` : ''}`,
        );
      }
    });
  },
);
