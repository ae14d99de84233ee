import type { EmulatorFault } from '../emulator/reply.ts';
import { cutBytes, cuts } from './cuts.ts';
import { bytesOf, onResponse } from './places.ts';
import type { FaultEnd } from './places.ts';
import { isBytes } from '../emulator/script.ts';
import type { EmulatorWrite, PlayedResponse } from '../emulator/script.ts';

// What is wrong before the body, or with its length: bytes on the connection itself, so these need a socket. In memory
// and in msw, `noAnswer` has the outcome it has on a socket, also after a `lateHead`, and the others refuse.

type Framing = 'chunked' | 'close' | readonly string[];

/** The answer as the bytes that HTTP makes of it. The connection ends after it. */
function asRaw(response: PlayedResponse, framing: Framing = 'chunked'): PlayedResponse {
  if (response.raw) return response;
  const lengths =
    framing === 'chunked' ? ['transfer-encoding: chunked'] : framing === 'close' ? [] : framing;
  const fields = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`);
  const lines = [`HTTP/1.1 ${response.status} Status`, ...fields, ...lengths, 'connection: close'];
  const body = framing === 'chunked' ? chunked(response.writes) : response.writes;
  return { ...response, raw: true, writes: [`${lines.join('\r\n')}\r\n\r\n`, ...body] };
}

function chunked(writes: readonly EmulatorWrite[]): EmulatorWrite[] {
  const encoder = new TextEncoder();
  const frame = (text: string): string =>
    `${encoder.encode(text).length.toString(16)}\r\n${text}\r\n`;
  const framed = writes.flatMap((write): EmulatorWrite[] => {
    if (typeof write === 'string') return isBytes(write) ? [frame(write)] : [write];
    if (write instanceof Uint8Array) return [`${write.length.toString(16)}\r\n`, write, '\r\n'];
    return ['repeat' in write ? { ...write, repeat: frame(write.repeat) } : write];
  });
  return [...framed, '0\r\n\r\n'];
}

const onRaw = (
  change: (writes: readonly EmulatorWrite[], headBytes: number) => readonly EmulatorWrite[],
  framing?: Framing,
): EmulatorFault =>
  onResponse((response) => {
    const raw = asRaw(response, framing);
    const [head = ''] = raw.writes;
    const headBytes = typeof head === 'string' ? head.length : 0;
    return { ...raw, writes: change(raw.writes, headBytes) };
  });

const raw = (...writes: EmulatorWrite[]): EmulatorFault =>
  onResponse((response) => ({ ...response, raw: true, writes }));

/** The length of the body, plus so many, as a header. */
const withLengths = (...offs: number[]): EmulatorFault =>
  onResponse((response) => {
    const { length } = bytesOf(response.writes);
    return asRaw(
      response,
      offs.map((off) => `content-length: ${length + off}`),
    );
  });

/** How many heads come first, and how often. */
export interface InformationalOptions {
  /** From 100 to 199. @default 103 */
  status?: number | undefined;
  /** How many; `Infinity` for ever, so that no answer comes. @default 1 */
  count?: number | undefined;
  /** Milliseconds between two, where they come for ever. @default 10 */
  everyMs?: number | undefined;
}

export const headFaults = {
  /** Bytes of your own on the connection, with no answer among them; what the client should make of them is up to you. */
  raw,

  /** No byte of an answer; the client should say `connection` and send again, or `timeout` of phase `headers` for `hang`. */
  noAnswer: (end: 'fin' | 'reset' | 'hang' = 'fin'): EmulatorFault => raw(end),

  /** A pause before the head; the client should wait as long as `headers` allows. */
  lateHead: (delayMs: number): EmulatorFault => onRaw((writes) => [{ delayMs }, ...writes]),

  /** Ends the connection in the head; the client should say `connection`, and send again. */
  cutHead: (bytes = 20, end: FaultEnd = 'fin'): EmulatorFault =>
    onRaw((writes) => cutBytes(writes, bytes, end)),

  /** One byte of the head at a time; the client should wait as long as `headers` allows for all of them. */
  dribbledHead: (everyMs: number): EmulatorFault =>
    onRaw((writes) => {
      const dribbled = cuts.oneByteWrites(everyMs).fault({
        status: 200,
        headers: {},
        writes: writes.slice(0, 1),
      });
      return [...dribbled.writes, ...writes.slice(1)];
    }),

  /** Something that is not HTTP; the client should say `invalid_response`, and not send again. */
  notHttp: (text = 'SSH-2.0-OpenSSH_9.6\r\n'): EmulatorFault => raw(text),

  /** A `content-length` that is so many bytes too long (too short, if negative); the client should say `stream_interrupted`. */
  falseLength: (off: number): EmulatorFault => withLengths(off),

  /** Two different lengths; the client should say `invalid_response`, and not send again. */
  twoLengths: (): EmulatorFault => withLengths(0, 1),

  /** A length and chunks as well; the client should say `invalid_response`, and not send again. */
  lengthAndChunks: (): EmulatorFault =>
    onResponse((response) => {
      const { writes, ...rest } = asRaw(response);
      const [head = '', ...body] = writes;
      const length = `\r\ncontent-length: ${bytesOf(response.writes).length}\r\n\r\n`;
      return { ...rest, writes: [String(head).replace(/\r\n\r\n$/, length), ...body] };
    }),

  /** A chunk whose size is not a number; the client should say `stream_interrupted`, and hand out nothing after it. */
  brokenChunk: (): EmulatorFault =>
    onRaw((writes) => [...writes.slice(0, Math.ceil(writes.length / 2)), 'zz\r\n', ...writes]),

  /** A body that has no length but the end of the connection; cut, it ends as cleanly as whole, and the client should know. */
  closeDelimited: (): EmulatorFault => onRaw((writes) => writes, 'close'),

  /** Heads of status 1xx before the answer; the client should take no notice, as long as `headers` allows. */
  informational: (options: InformationalOptions = {}): EmulatorFault =>
    onRaw((writes) => {
      const { status = 103, count = 1, everyMs = 10 } = options;
      const head = `HTTP/1.1 ${status} Informational\r\nlink: </x>; rel=preload\r\n\r\n`;
      if (count === Infinity) return [{ repeat: head, everyMs }];
      return [head.repeat(count), ...writes];
    }),
};
