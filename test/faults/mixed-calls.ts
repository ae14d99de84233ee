import type { Client, ClientOptions, RequestOptions, Transport } from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';
import { key, params } from './streams.ts';
import { pick } from '../kit/random.ts';
import { chunked, responseOf, startRawServer, streamHead, zeroChunk } from '../kit/raw-server.ts';
import type { RawRequest, RawServer } from '../kit/raw-server.ts';
import { done, first, last, second, wholeAnswer } from '../kit/hello.ts';
import { pause } from '../kit/time.ts';

// Calls of every kind, good and bad, in any mixture: what the server does to each, and what must come of it.

const vendorError = (code: string): string =>
  JSON.stringify({ error: { message: 'No.', type: 'some_error', param: null, code } });

/** How a call ends: `completion`, `left`, or the code of its error. */
type Ending = string;

interface Kind {
  answer(request: RawRequest): void;
  /** Any of these. */
  endings: Ending[];
  ask: 'whole' | 'streamed' | 'abort' | 'leave' | 'never read';
  options?: (() => RequestOptions) | undefined;
}

/** Long enough that the fault comes first, short enough for thousands. */
const soonMs = 40;

function drop({ socket }: RawRequest): void {
  socket.destroy();
}

function begin({ socket }: RawRequest): void {
  socket.write(streamHead);
  socket.write(chunked(first));
}

const good: Record<string, Kind> = {
  whole: {
    ask: 'whole',
    answer: ({ socket }) => void socket.write(responseOf(200, wholeAnswer)),
    endings: ['completion'],
  },
  streamed: {
    ask: 'streamed',
    answer: ({ socket }) =>
      void socket.write(
        [streamHead, ...[first, second, last, done].map(chunked), zeroChunk].join(''),
      ),
    endings: ['completion'],
  },
  'streamed in two packets, without [DONE]': {
    ask: 'streamed',
    answer(request) {
      begin(request);
      setTimeout(() => request.socket.write(chunked(second + last) + zeroChunk), 1);
    },
    endings: ['completion'],
  },
};

const bad: Record<string, Kind> = {
  'overloaded once': {
    ask: 'whole',
    answer: refuseOnce(503, { 'retry-after-ms': 1 }),
    options: () => ({ maxRetries: 2 }),
    endings: ['completion'],
  },
  'rate limit once, streamed': {
    ask: 'streamed',
    answer: refuseOnce(429, { 'retry-after-ms': 1 }),
    options: () => ({ maxRetries: 2 }),
    endings: ['completion'],
  },
  'bad request': {
    ask: 'whole',
    answer: ({ socket }) =>
      void socket.write(responseOf(400, vendorError('invalid_request_error'))),
    endings: ['bad_request'],
  },
  redirect: {
    ask: 'streamed',
    answer: ({ socket }) => void socket.write(responseOf(307, '', { location: '/elsewhere' })),
    endings: ['unexpected_redirect'],
  },
  'a web page': {
    ask: 'streamed',
    answer: ({ socket }) =>
      void socket.write(responseOf(200, '<html>hi</html>', { 'content-type': 'text/html' })),
    endings: ['invalid_response'],
  },
  'half a body': {
    ask: 'whole',
    answer: ({ socket }) => void socket.end(responseOf(200, wholeAnswer).slice(0, -20)),
    endings: ['stream_interrupted'],
  },
  'FIN in the middle': {
    ask: 'streamed',
    answer(request) {
      begin(request);
      request.socket.end();
    },
    endings: ['stream_interrupted'],
  },
  'RST in the middle': {
    ask: 'streamed',
    answer(request) {
      begin(request);
      setTimeout(() => request.socket.resetAndDestroy(), 2);
    },
    endings: ['stream_interrupted', 'connection'],
  },
  'an early zero chunk': {
    ask: 'streamed',
    answer(request) {
      begin(request);
      request.socket.write(zeroChunk);
    },
    endings: ['stream_interrupted'],
  },
  'an error in the middle': {
    ask: 'streamed',
    answer(request) {
      begin(request);
      request.socket.write(
        `${chunked(`data: ${vendorError('server_error')}\n\n`).toString()}${zeroChunk}`,
      );
    },
    endings: ['server_error'],
  },
  'closed without an answer': { ask: 'whole', answer: drop, endings: ['connection'] },
  'no HTTP': {
    ask: 'whole',
    answer: ({ socket }) => void socket.end('SSH-2.0-OpenSSH\r\n\r\n'),
    endings: ['invalid_response', 'connection'],
  },
  'no head': {
    ask: 'streamed',
    answer() {},
    options: () => ({ timeout: { connect: soonMs, headers: soonMs } }),
    endings: ['timeout'],
  },
  'silence in the middle': {
    ask: 'streamed',
    answer: begin,
    options: () => ({ timeout: { idle: soonMs } }),
    endings: ['timeout'],
  },
  'nothing but comments': {
    ask: 'streamed',
    answer(request) {
      begin(request);
      const timer = setInterval(() => request.socket.write(chunked(': wait\n\n')), 10);
      request.socket.once('close', () => clearInterval(timer));
    },
    options: () => ({ timeout: { stall: soonMs } }),
    endings: ['timeout'],
  },
  'a deadline that passes': {
    ask: 'streamed',
    answer: begin,
    options: () => ({ deadline: Date.now() + soonMs }),
    endings: ['deadline_exceeded'],
  },
  'aborted by the caller': { ask: 'abort', answer: begin, endings: ['aborted'] },
  'a loop that is left': { ask: 'leave', answer: begin, endings: ['left'] },
  'a stream that nobody reads': {
    ask: 'never read',
    answer: begin,
    options: () => ({ timeout: { unread: soonMs } }),
    endings: ['timeout'],
  },
};

const kinds: Record<string, Kind> = { ...good, ...bad };

/** The first send of a call is refused. What was refused is remembered until it comes again. */
function refuseOnce(status: number, headers: Record<string, number>): Kind['answer'] {
  const refused = new Set<string>();
  return (request) => {
    const id = request.header('x-call');
    if (!refused.delete(id)) {
      refused.add(id);
      request.socket.write(responseOf(status, vendorError('busy'), headers));
      return;
    }
    const kind = status === 429 ? good.streamed : good.whole;
    kind?.answer(request);
  };
}

export function startFaultServer(): Promise<RawServer> {
  return startRawServer((request) => kinds[request.header('x-kind')]?.answer(request));
}

/** Half of all calls are good ones; else the retries would use up their budget, which is right and another test. */
export function kindFor(next: () => number): string {
  return pick(Object.keys(next() < 0.5 ? good : bad), next());
}

export interface Caller {
  /** Makes one call of a kind. @throws Error if it does not end as it must */
  call(kind: string): Promise<Ending>;
  /** On the signal that all the calls were given. */
  readonly signal: AbortSignal;
}

export function createCaller(
  baseURL: string,
  transport: Transport,
  options: ClientOptions = {},
): Caller {
  const controller = new AbortController();
  const client = createClient({ apiKey: key, maxRetries: 0, ...options, baseURL, transport });
  let number = 0;
  return {
    signal: controller.signal,
    async call(name) {
      const kind = kinds[name] as Kind;
      const ending = await endingOf(client, kind, {
        signal: controller.signal,
        ...kind.options?.(),
        headers: { 'x-kind': name, 'x-call': String(number++) },
      });
      if (!kind.endings.includes(ending)) throw new Error(`${name}: it ended as ${ending}`);
      return ending;
    },
  };
}

async function endingOf(client: Client, { ask }: Kind, options: RequestOptions): Promise<Ending> {
  const { completions } = client.chat;
  try {
    if (ask === 'whole') {
      await completions.create({ ...params, stream: false }, options);
      return 'completion';
    }
    const own = new AbortController();
    const signal = ask === 'abort' ? own.signal : options.signal;
    const stream = await completions.create({ ...params, stream: true }, { ...options, signal });
    if (ask === 'never read') {
      await pause(3 * soonMs);
      await stream.finalCompletion();
    }
    for await (const _chunk of stream) {
      if (ask === 'leave') return 'left';
      own.abort();
    }
    return 'completion';
  } catch (error) {
    if (!isChatError(error)) throw error;
    return error.code;
  }
}
