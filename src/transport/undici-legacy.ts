import type { Dispatcher } from 'undici';

/** A handler as undici 7 and later know it. */
export interface DispatchHandler {
  onRequestStart(controller: DispatchController): void;
  onResponseStart(
    controller: DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void;
  onResponseData(controller: DispatchController, bytes: Uint8Array): void;
  onResponseEnd(): void;
  onResponseError(controller: DispatchController | undefined, error: unknown): void;
}

export type DispatchController = Pick<Dispatcher.DispatchController, 'abort' | 'pause' | 'resume'>;

/** Adds the methods that undici 6 asks for, whose dispatchers may be handed in, or be set globally. */
export function withLegacyMethods(handler: DispatchHandler): DispatchHandler {
  let controller: DispatchController;
  let isPaused = false;
  let resume = (): void => {};
  const legacy = {
    onConnect(abort: (reason?: Error) => void) {
      controller = {
        abort,
        pause() {
          isPaused = true;
        },
        resume() {
          if (!isPaused) return;
          isPaused = false;
          resume();
        },
      };
      handler.onRequestStart(controller);
    },
    onHeaders(status: number, headers: readonly Uint8Array[], goOn: () => void) {
      resume = goOn;
      handler.onResponseStart(controller, status, readHeaders(headers));
      return !isPaused;
    },
    onData(bytes: Uint8Array) {
      handler.onResponseData(controller, bytes);
      return !isPaused;
    },
    onComplete: () => handler.onResponseEnd(),
    onError: (error: unknown) => handler.onResponseError(controller, error),
  };
  return { ...legacy, ...handler };
}

/** Names and values in turn, as bytes of Latin-1. */
function readHeaders(raw: readonly Uint8Array[]): Record<string, string> {
  const headers: Record<string, string> = {};
  const latin1 = new TextDecoder('latin1');
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = latin1.decode(raw[at]).toLowerCase();
    const value = latin1.decode(raw[at + 1]);
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}
