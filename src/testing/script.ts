import type { ProviderId } from '../providers/registry.ts';

/** One step of a scripted body: bytes, a pause, a broken connection, or silence for ever. */
export type EmulatorWrite = string | Uint8Array | { delayMs: number } | 'reset' | 'hang';

/** A response, byte by byte. */
export interface EmulatorScript {
  /** @default 200 */
  status?: number | undefined;
  /** @default an event stream's or JSON's content type, by what was asked for */
  headers?: Record<string, string> | undefined;
  /** The body. Each entry is one write. */
  writes: readonly EmulatorWrite[];
}

/** A response, ready to be played. */
export interface PlayedResponse {
  status: number;
  headers: Record<string, string>;
  writes: readonly EmulatorWrite[];
}

/** A request, before anybody has looked at it. */
export interface ReceivedRequest {
  method: string;
  /** At the vendor. */
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** The six vendors, whatever carries the bytes. */
export type HandleRequest = (provider: ProviderId, request: ReceivedRequest) => PlayedResponse;
