import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClientOptions, Transport } from 'deepseek-v4-flash';
import { createClient, fetchTransport, isChatError, undiciTransport } from 'deepseek-v4-flash';
import type * as mswTypes from 'msw';
import type * as mswNodeTypes from 'msw/node';
import type nockTypes from 'nock14';
import type * as undiciTypes from 'undici';
import { key, prompt, showings } from './secrets.ts';

// A user's program with one interceptor, in a process of its own, since each of them changes what all share. Prints what
// came of its calls: `tsx test/real/intercepted.ts undici7`. What is not caught reaches a server here, and no other.

/** What came of a call: the content, or the code of the error. */
type Outcome = string;

export interface Told {
  code: string;
  /** The error in every way in which somebody may print it. */
  shown: string[];
}

export interface CallsThrough {
  whole: Outcome;
  streamed: Outcome;
  /** Calls that the interceptor has no answer for, by what does not fit. */
  unmatched: Record<string, Told>;
}

export type Findings = Record<string, CallsThrough>;

/** Nothing under this path has an answer; or what is there wants another body, or other headers. */
const misfits = ['path', 'body', 'headers'];

type Install = (origin: string) => Promise<Record<string, Transport | undefined>>;

/** As a user has it: the default transport, and the other one. */
const bothTransports = () => ({ default: undefined, fetch: fetchTransport() });

const chatPath = '/v1/chat/completions';
const other = { authorization: 'Bearer another' };

function completionOf(content: string): Record<string, unknown> {
  return {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'deepseek-v4-flash',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  };
}

function eventsOf(content: string): string {
  const deltas = [
    ...[...content].map((character) => ({ delta: { content: character }, finish_reason: null })),
    { delta: {}, finish_reason: 'stop' },
  ];
  const chunk = { ...completionOf(content), object: 'chat.completion.chunk' };
  const events = deltas.map(
    (delta) => `data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, ...delta }] })}\n\n`,
  );
  return `${events.join('')}data: [DONE]\n\n`;
}

const json = { 'content-type': 'application/json' };
const sse = { 'content-type': 'text/event-stream' };
const isStreamed = (body: string): boolean =>
  (JSON.parse(body) as { stream?: boolean }).stream === true;

// ---------------------------------------------------------------- the interceptors, each as its documents have it

const mockAgentOf =
  (name: string): Install =>
  async (origin) => {
    const undici = (await import(name)) as typeof undiciTypes;
    const mock = new undici.MockAgent();
    mock.disableNetConnect();
    const pool = mock.get(origin);
    const post = { method: 'POST', path: chatPath };
    // For each of the three transports below.
    for (const _ of [1, 2, 3]) {
      pool.intercept(post).reply(200, completionOf('mocked'), { headers: json });
      pool.intercept(post).reply(200, eventsOf('mocked'), { headers: sse });
    }
    pool.intercept({ ...post, path: `/body${chatPath}`, body: 'another' }).reply(200, '');
    pool.intercept({ ...post, path: `/headers${chatPath}`, headers: other }).reply(200, '');
    undici.setGlobalDispatcher(mock);
    return { ...bothTransports(), given: undiciTransport({ dispatcher: mock }) };
  };

const nockOf =
  (name: string): Install =>
  async (origin) => {
    const { default: nock } = (await import(name)) as { default: typeof nockTypes };
    nock.disableNetConnect();
    const isStream = (body: { stream?: boolean }): boolean => body.stream === true;
    nock(origin)
      .persist()
      .post(chatPath, (body) => !isStream(body))
      .reply(200, JSON.stringify(completionOf('mocked')), json)
      .post(chatPath, isStream)
      .reply(200, eventsOf('mocked'), sse)
      .post(`/body${chatPath}`, 'another')
      .reply(200, '')
      .post(`/headers${chatPath}`)
      .matchHeader('authorization', other.authorization)
      .reply(200, '');
    return bothTransports();
  };

const mswOf =
  (name: string): Install =>
  async (origin) => {
    const { http, HttpResponse } = (await import(name)) as typeof mswTypes;
    const { setupServer } = (await import(`${name}/node`)) as typeof mswNodeTypes;
    const server = setupServer(
      http.post(`${origin}${chatPath}`, async ({ request }) =>
        isStreamed(await request.text())
          ? new HttpResponse(eventsOf('mocked'), { headers: sse })
          : HttpResponse.json(completionOf('mocked')),
      ),
    );
    // msw 3 has another name for it.
    const refuse = { onUnhandledRequest: 'error', onUnhandledFrame: 'error' } as const;
    server.listen(refuse);
    return bothTransports();
  };

const stubbedFetch: Install = async (origin) => {
  globalThis.fetch = async (url, init) => {
    if (String(url) !== `${origin}${chatPath}`) throw new TypeError('fetch failed');
    return isStreamed(String(init?.body))
      ? new Response(eventsOf('mocked'), { headers: sse })
      : Response.json(completionOf('mocked'));
  };
  return bothTransports();
};

const installs: Record<string, Install> = {
  undici6: mockAgentOf('undici6'),
  undici7: mockAgentOf('undici'),
  undici8: mockAgentOf('undici8'),
  nock14: nockOf('nock14'),
  nock15: nockOf('nock15'),
  msw2: mswOf('msw'),
  msw3: mswOf('msw3'),
  stub: stubbedFetch,
};

// ---------------------------------------------------------------- the calls

function clientAt(baseURL: string, transport: Transport | undefined) {
  const options: ClientOptions = { apiKey: key, baseURL, maxRetries: 0 };
  return createClient({ ...options, ...(transport && { transport }) });
}

async function call(baseURL: string, transport: Transport | undefined, stream: boolean) {
  const { completions } = clientAt(baseURL, transport).chat;
  const params = { messages: [{ role: 'user' as const, content: prompt }] };
  return stream ? completions.stream(params).finalCompletion() : completions.create(params);
}

async function outcomeOf(...asked: Parameters<typeof call>): Promise<Outcome> {
  try {
    const { choices } = await call(...asked);
    return choices[0].message.content ?? '';
  } catch (error) {
    return isChatError(error) ? error.code : String(error);
  }
}

async function toldBy(...asked: Parameters<typeof call>): Promise<Told> {
  try {
    await call(...asked);
  } catch (error) {
    return isChatError(error)
      ? { code: error.code, shown: showings(error) }
      : { code: String(error), shown: [] };
  }
  return { code: 'answered', shown: [] };
}

async function find(name: string): Promise<Findings> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      response.writeHead(200, isStreamed(body) ? sse : json);
      response.end(isStreamed(body) ? eventsOf('real') : JSON.stringify(completionOf('real')));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transports = (await installs[name]?.(origin)) ?? {};
  const findings: Findings = {};
  for (const [by, transport] of Object.entries(transports)) {
    const unmatched: Record<string, Told> = {};
    for (const misfit of misfits) {
      const baseURL = `${origin}/${misfit}/v1`;
      unmatched[`${misfit}, whole`] = await toldBy(baseURL, transport, false);
      unmatched[`${misfit}, streamed`] = await toldBy(baseURL, transport, true);
    }
    findings[by] = {
      whole: await outcomeOf(`${origin}/v1`, transport, false),
      streamed: await outcomeOf(`${origin}/v1`, transport, true),
      unmatched,
    };
  }
  return findings;
}

// msw says on the console what it was not ready for, and that is its own affair.
console.error = console.warn = () => {};
process.stdout.write(JSON.stringify(await find(process.argv[2] ?? '')), () => process.exit());
