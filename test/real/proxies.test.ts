import { beforeEach, describe, expect, test, vi } from 'vitest';
import { programAt } from '../kit/parts.ts';
import { freePorts, startTinyproxy } from '../kit/process.ts';
import { answer, emulate } from './ask.ts';
import { askThrough } from './proxied.ts';
import { password, user } from './secrets.ts';
import { cleanups } from '../kit/cleanups.ts';

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
] as const;

const addressOf = (port: number, login = ''): string => `http://${login}127.0.0.1:${port}`;
const withPassword = [`BasicAuth ${user} ${password}`];

interface Refusal {
  what: string;
  start(): Promise<{ port: number; login?: string }>;
  status: number;
  /** What it answers to a request without a tunnel has the status alone, as the answer of a vendor has. */
  code: string;
}

const refusals: Refusal[] = [
  {
    what: 'a wrong password',
    start: async () => ({ port: await startProxy(withPassword), login: `${user}:${password}x@` }),
    status: 401,
    code: 'authentication',
  },
  {
    what: 'a target that it filters',
    start: async () => ({ port: await startProxy([], '^127') }),
    status: 403,
    code: 'permission_denied',
  },
];

/** A `fetch` does not tell which proxy it goes through. */
const proxyAt = ({ by }: { by: string }, port: number): string =>
  by === 'fetch' ? 'The proxy' : `The proxy 127.0.0.1:${port}`;

describe.skipIf(tinyproxy === undefined).each(routes)('$name', (route) => {
  const { by, tunnel } = route;

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
      expect(each.message).toContain('(407, it wants a valid user and password)');
      expect(each.status).toBeUndefined();
    }
    expect(emulator.requests).toEqual([]);
  });

  test.each(refusals)('$what is refused, and not asked again', async ({ start, status, code }) => {
    const emulator = await emulate();
    const { port, login } = await start();
    const baseURL = emulator.baseURL('deepseek');
    const told = await askThrough({ ...route, proxy: addressOf(port, login), baseURL });
    for (const each of [told.whole, told.streamed]) {
      expect(each).toMatchObject({ retryable: false, attempts: 1, leaks: [] });
      expect(each).toMatchObject(tunnel ? { code: 'connection' } : { code, status });
      expect(each.message).toContain(String(status));
      if (tunnel) expect(each.message).toContain(`${proxyAt(route, port)} refused the connection`);
    }
    expect(emulator.requests).toEqual([]);
  });

  test('a target that it cannot reach is asked for again, and the status is told', async () => {
    const [closed] = await freePorts(1);
    const port = await startProxy();
    const baseURL = addressOf(closed ?? 0);
    const told = await askThrough({ ...route, proxy: addressOf(port), baseURL });
    for (const each of [told.whole, told.streamed]) {
      expect(each).toMatchObject({ retryable: true, attempts: 3, leaks: [] });
      expect(each).toMatchObject(
        tunnel ? { code: 'connection' } : { code: 'server_error', status: 500 },
      );
      expect(each.message).toContain('500');
      if (tunnel) expect(each.message).toContain(`${proxyAt(route, port)} refused the connection`);
    }
  });

  test('a proxy that is dead is named, and not the vendor', async () => {
    const emulator = await emulate();
    const [closed] = await freePorts(1);
    const baseURL = emulator.baseURL('deepseek');
    const told = await askThrough({ ...route, proxy: addressOf(closed ?? 0), baseURL });
    const named =
      by === 'fetch' ? `127.0.0.1:${closed}, on the way to` : `the proxy 127.0.0.1:${closed}:`;
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

// Its page comes as the answer to the request, and nothing says for certain that it is not the vendor's: tinyproxy leaves
// out the header `via` of what it wrote itself, as not every proxy does.
describe.skipIf(tinyproxy === undefined).each(routes.filter(({ tunnel }) => !tunnel))(
  '$name',
  (route) => {
    test.fails.each(refusals)('$what is told with the name of the proxy', async ({ start }) => {
      const emulator = await emulate();
      const { port, login } = await start();
      const baseURL = emulator.baseURL('deepseek');
      const { whole } = await askThrough({ ...route, proxy: addressOf(port, login), baseURL });
      expect(whole.message).toContain(`roxy 127.0.0.1:${port}`);
    });
  },
);
