import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { request as ask } from 'node:http';
import { Readable, pipeline } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ReadableStream as WebStream } from 'node:stream/web';
import type { ChatStream } from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';
import type { EmulatorReply, EmulatorServer } from 'deepseek-v4-flash/testing';
import { createEmulator, faults, startEmulator } from 'deepseek-v4-flash/testing';
import { vi } from 'vitest';
import { listen } from '../kit/serve.ts';
import { script } from './conformance.ts';

// What the pages of browsers.test.ts see: their own origin, which passes calls on to a vendor and hands answers on; and
// the vendor's origin.

/** What a page has told. */
export interface Told {
  errors: string[];
  results?: Record<string, unknown>;
}

// ---------------------------------------------------------------- the vendor

/** An emulator for one run of conformance.mjs and `browse`. */
async function startVendor(): Promise<EmulatorServer> {
  const emulator = await startEmulator();
  script(emulator);
  emulator.reply({}, faults.cutAfterEvents(6, 'reset'), faults.redirect('/elsewhere'));
  return emulator;
}

/** Passes a call on. Whoever leaves takes it along. */
function passOn(to: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, headers, url = '' } = request;
  const onward = ask(to + url.replace('/vendor', ''), { method, headers });
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
    pipeline(answer, response, () => {});
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

const allowedHeaders = ['accept', 'authorization', 'content-type'];
const allowedMethods = ['GET', 'POST'];

/** The vendor's own origin, which lets pages of others in, with these headers and no more. */
function vendorOrigin(to: string, preflights: string[]): RequestListener {
  return (request, response) => {
    const { method, url = '', headers } = request;
    if (url.startsWith('/barred')) return void response.end('{}');
    response.setHeader('access-control-allow-origin', headers.origin ?? 'null');
    response.setHeader('access-control-expose-headers', 'x-ds-trace-id');
    if (method !== 'OPTIONS') return passOn(to, request, response);
    const asked = String(headers['access-control-request-headers'] ?? '');
    const names = asked.split(',').map((name) => name.trim().toLowerCase());
    preflights.push(names.toSorted().join());
    const isAllowed =
      names.every((name) => allowedHeaders.includes(name)) &&
      allowedMethods.includes(String(headers['access-control-request-method']));
    response.setHeader('access-control-allow-headers', allowedHeaders.join());
    response.setHeader('access-control-allow-methods', allowedMethods.join());
    response.writeHead(isAllowed ? 204 : 403).end();
  };
}

// ---------------------------------------------------------------- what is handed on

/** By the name that stands in the path. */
const replies: Record<string, EmulatorReply> = {
  whole: {
    reasoning_content: 'Hm. So.',
    content: 'Forty-two — “ö” 🌍',
    tool_calls: [{ name: 'look', arguments: { q: 1 } }],
  },
  refused: { error: 'rate_limit' },
  broken: { ...faults.errorFrame(), answer: { content: 'Not all of it', reasoning_content: '' } },
  open: {
    ...faults.cutBefore('before finish', 'hang'),
    answer: { content: 'Some', reasoning_content: '' },
  },
  silent: faults.silence(),
};

/** A call that the vendor answers so. */
export function streamOf(reply: string): ChatStream {
  const emulator = createEmulator();
  emulator.reply(replies[reply] as EmulatorReply);
  const client = createClient({ apiKey: 'any-key', maxRetries: 0, transport: emulator.transport });
  return client.chat.completions.stream({
    messages: [{ role: 'user', content: 'Hi' }],
    tools: [{ type: 'function', function: { name: 'look' } }],
  });
}

// Firefox (153) tells of a response when its first byte is there, and lets go of a body that was cancelled when the next
// one is: there a call that is left ends with the next sign of life at the latest, and with an AbortController at once.
// Chromium (156) now and then reads on for five seconds, perhaps so as to use the connection again.
const init = { report: true, keepAliveMs: 100 };

function handOn(stream: ChatStream, way: string, response: ServerResponse): void {
  if (way === 'node') return void stream.pipeToResponse(response, init);
  const { status, headers, body } = stream.toResponse(init);
  response.writeHead(status, Object.fromEntries(headers)).flushHeaders();
  pipeline(Readable.fromWeb(body as WebStream), response, () => {});
}

const endOf = (stream: ChatStream): Promise<string> =>
  stream.finalCompletion().then(
    () => 'whole',
    (error: unknown) => (isChatError(error) ? error.code : String(error)),
  );

// ---------------------------------------------------------------- the site

export interface Site {
  url: string;
  /** Base URLs: through the page's own origin, at the vendor's, and at one that lets no page in. */
  vendors: { near: string; far: string; barred: string };
  emulators: EmulatorServer[];
  /** The headers that browsers have asked to send. */
  preflights: string[];
  /** How each call ended on the server, by the name that the page gave it. */
  ends: Map<string, Promise<string>>;
  told: Map<string, Told>;
  /** Resolves when a page has told its results. Rejects with its errors. */
  hasTold(page: string): Promise<void>;
  close(): Promise<void>;
}

/** @param files by path, with their types */
export async function startSite(files: (urls: Site['vendors']) => Files): Promise<Site> {
  const [near, far] = [await startVendor(), await startVendor()];
  const preflights: string[] = [];
  const ends: Site['ends'] = new Map();
  const visitors = new Map<string, ServerResponse>();
  const told: Site['told'] = new Map();
  const wakers: (() => void)[] = [];

  const vendor = await listen(vendorOrigin(far.url, preflights));
  const own = await listen(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://page');
    const [, kind = '', way = '', reply = ''] = pathname.split('/');
    const as = searchParams.get('as') ?? '';
    if (kind === 'vendor') return passOn(near.url, request, response);
    if (kind === 'chat' && Object.hasOwn(replies, reply)) {
      const stream = streamOf(reply);
      visitors.set(as, response);
      handOn(stream, way, response);
      ends.set(as, endOf(stream));
      return;
    }
    if (kind === 'arrived') {
      const { requests } = way === 'near' ? near : far;
      await vi.waitUntil(() => requests.length >= Number(reply), { interval: 5, timeout: 20_000 });
    }
    if (kind === 'gone') return void response.destroy();
    if (kind === 'lose') visitors.get(as)?.destroy();
    if (kind === 'told') {
      told.set(as, JSON.parse(await text(request)) as Told);
      for (const wake of wakers.splice(0)) wake();
    }
    const { type, content } = served[pathname] ?? { type: 'text/plain', content: '' };
    const isKnown = content !== '' || ['arrived', 'lose', 'told'].includes(kind);
    response.writeHead(isKnown ? 200 : 404, { 'content-type': type }).end(content);
  });
  const path = near.baseURL('deepseek').slice(near.url.length);
  const vendors = {
    near: `${own.url}/vendor${path}`,
    far: `${vendor.url}/vendor${path}`,
    barred: `${vendor.url}/barred`,
  };
  const served = files(vendors);

  return {
    url: own.url,
    vendors,
    emulators: [near, far],
    preflights,
    ends,
    told,
    async hasTold(page) {
      while (!told.has(page)) await new Promise<void>((resolve) => wakers.push(resolve));
      const { errors = [] } = told.get(page) ?? {};
      if (errors.length > 0) throw new Error(`The page ${page} failed: ${errors.join('; ')}`);
    },
    async close() {
      own.close();
      vendor.close();
      await Promise.all([near.close(), far.close()]);
    },
  };
}

type Files = Record<string, { type: string; content: string }>;
