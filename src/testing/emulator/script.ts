import type { Provider } from '../../dialect/provider.ts';

/**
 * One step of a scripted body: bytes, a pause, the same bytes again and again for ever, a connection that is broken by
 * RST or by FIN, or silence for ever. A script that simply ends is an answer that ends normally.
 */
export type EmulatorWrite =
  | string
  | Uint8Array
  | { delayMs: number }
  | { repeat: string; everyMs: number }
  | 'reset'
  | 'fin'
  | 'hang';

/**
 * A response, byte by byte.
 *
 * @example
 * emulator.reply({ writes: ['data: {"choices":[', { delayMs: 50 }, 'reset'] });
 * emulator.reply({ status: 502, headers: { 'content-type': 'text/html' }, writes: ['<h1>Bad Gateway</h1>'] });
 */
export interface EmulatorScript {
  /** From 200 to 599. @default 200 */
  status?: number | undefined;
  /** All headers. @default an event stream's or JSON's content type, by what was asked for */
  headers?: Record<string, string> | undefined;
  /** The body. Each entry is one write. */
  writes: readonly EmulatorWrite[];
}

/** A response, ready to be sent: what a fault receives and returns. */
export interface PlayedResponse {
  /** From 200 to 599. */
  status: number;
  /** All headers. */
  headers: Record<string, string>;
  /** The body. Each entry is one write. */
  writes: readonly EmulatorWrite[];
  /** The writes are everything sent over the connection, headers included. Needs a socket. @default status and headers are sent first */
  raw?: true | undefined;
}

/** The message for faults that need a socket where there is none. */
export const needsSocket = 'This fault is about the bytes of a connection: use startEmulator()';

/** Whether a step is bytes. */
export function isBytes(write: EmulatorWrite): write is string | Uint8Array {
  if (typeof write === 'string') return write !== 'reset' && write !== 'fin' && write !== 'hang';
  return write instanceof Uint8Array;
}

/** A script with its repetitions played out. */
export function* unroll(
  writes: readonly EmulatorWrite[],
): Generator<string | Uint8Array | { delayMs: number }, undefined> {
  for (const write of writes) {
    if (typeof write === 'string' || write instanceof Uint8Array || 'delayMs' in write) {
      yield write;
      continue;
    }
    for (;;) {
      yield { delayMs: write.everyMs };
      yield write.repeat;
    }
  }
  return undefined;
}

/** Waits on the global `setTimeout`, so that fake timers drive a script. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}

/** A request, before anybody has looked at it. */
export interface ReceivedRequest {
  method: string;
  /** At the vendor. */
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** The vendors, whatever carries the bytes. @throws ChatError `invalid_options` for what the test did wrong */
export type HandleRequest = (provider: Provider, request: ReceivedRequest) => PlayedResponse;
