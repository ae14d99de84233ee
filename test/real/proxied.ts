import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FetchLike, Transport } from 'deepseek-v4-flash';
import { createClient, fetchTransport, isChatError, undiciTransport } from 'deepseek-v4-flash';
import type * as undiciTypes from 'undici';
import { key, leaksOf, prompt } from './secrets.ts';

// Calls through a proxy. Also a program, for what needs a newer Node than this one may be: it prints what came of them,
// `tsx test/real/proxied.ts '{"copy":"undici8",…}'`.

export interface Route {
  /** The package that has the `ProxyAgent`, or Node itself, which is told of the proxy by its environment. */
  copy: 'undici6' | 'undici' | 'undici8' | 'node';
  /** What carries it: `undiciTransport({ dispatcher })`, or `fetchTransport()` with that copy's `fetch`. */
  by: 'undici' | 'fetch';
  /** Whether a tunnel is asked for. Without one the proxy gets the request itself. */
  tunnel: boolean;
  /** Set as the global dispatcher, and not given: an `EnvHttpProxyAgent` which is told of the proxy alone. */
  isGlobal?: boolean;
  proxy: string;
  baseURL: string;
  /** Certificates that the target may have one of. */
  ca?: string;
}

/** What came of a call. */
export interface Told {
  content?: string | null;
  code?: string;
  status?: number | undefined;
  retryable?: boolean;
  message?: string;
  cause?: string;
  attempts?: number | undefined;
  leaks?: string[];
}

export interface Both {
  whole: Told;
  streamed: Told;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const run = promisify(execFile);

/** The same question, whole and streamed. undici 8, and a Node that heeds `HTTP_PROXY`, are newer than this Node may be. */
export async function askThrough(route: Route): Promise<Both> {
  const { copy, proxy, isGlobal } = route;
  if ((copy === 'undici6' || copy === 'undici') && isGlobal !== true) return askHere(route);
  const variables = {
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    NO_PROXY: '',
  };
  const env = { ...process.env, ...(copy === 'node' && variables) };
  const program = ['--import', 'tsx', here('proxied.ts'), JSON.stringify(route)];
  const { stdout } = await run(here('node_modules/.bin/node'), program, { env });
  return JSON.parse(stdout) as Both;
}

async function askHere(route: Route): Promise<Both> {
  const { transport, close } = await transportOf(route);
  try {
    const whole = await tell(transport, route, false);
    return { whole, streamed: await tell(transport, route, true) };
  } finally {
    await close();
  }
}

async function transportOf({ copy, by, proxy: uri, tunnel, isGlobal, ca }: Route) {
  if (isGlobal === true && copy !== 'node') {
    const undici = (await import(copy)) as typeof undiciTypes;
    const options = {
      httpProxy: uri,
      noProxy: '',
      ...(copy !== 'undici8' && { proxyTunnel: tunnel }),
    };
    undici.setGlobalDispatcher(new undici.EnvHttpProxyAgent(options));
  }
  if (copy === 'node' || isGlobal === true) {
    const transport: Transport = by === 'undici' ? undiciTransport() : fetchTransport();
    return { transport, async close() {} };
  }
  const undici = (await import(copy)) as typeof undiciTypes;
  const tls = ca === undefined ? {} : { requestTls: { ca } };
  const dispatcher = new undici.ProxyAgent({ uri, proxyTunnel: tunnel, ...tls });
  const fetch: FetchLike = (url, { signal, ...init }) =>
    undici.fetch(url, { ...init, signal: signal as AbortSignal, dispatcher });
  const transport = by === 'undici' ? undiciTransport({ dispatcher }) : fetchTransport({ fetch });
  return { transport, close: () => dispatcher.destroy() };
}

async function tell(transport: Transport, { baseURL }: Route, stream: boolean): Promise<Told> {
  const client = createClient({ apiKey: key, baseURL, transport, maxRetries: 2 });
  const params = { messages: [{ role: 'user' as const, content: prompt }] };
  const { completions } = client.chat;
  try {
    const { choices } = await (stream
      ? completions.stream(params).finalCompletion()
      : completions.create(params));
    return { content: choices[0].message.content };
  } catch (error) {
    if (!isChatError(error)) throw error;
    const { code, status, retryable, message, report, cause } = error;
    const attempts = report?.attempts.length;
    const leaks = leaksOf(error);
    return { code, status, retryable, message, cause: String(cause), attempts, leaks };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Waits between attempts are jitter times half a second, and more.
  Math.random = () => 0.02;
  const told = await askHere(JSON.parse(process.argv[2] ?? '') as Route);
  process.stdout.write(JSON.stringify(told), () => process.exit());
}
