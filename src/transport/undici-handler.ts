import type { Dispatcher } from 'undici';

/** How an undici handler holds the exchange back, or ends it. */
export type DispatchController = Pick<Dispatcher.DispatchController, 'abort' | 'pause' | 'resume'>;

/** Header names are lower case, as undici gives them. */
export type ReceivedHeaders = Record<string, string | string[] | undefined>;

/**
 * A handler as undici 7 and later know it, which also has the methods that undici 6 asks for: its dispatchers may be
 * handed in, or be set globally.
 */
export abstract class UndiciHandler {
  #controller: DispatchController | undefined;
  #isPaused = false;
  #resume = (): void => {};

  abstract onRequestStart(controller: DispatchController): void;
  abstract onResponseStart(
    controller: DispatchController | undefined,
    status: number,
    headers: ReceivedHeaders,
  ): void;
  abstract onResponseData(controller: DispatchController | undefined, bytes: Uint8Array): void;
  abstract onResponseEnd(): void;
  abstract onResponseError(controller: DispatchController | undefined, error: unknown): void;

  onConnect(abort: (reason?: Error) => void): void {
    this.#controller = {
      abort,
      pause: () => {
        this.#isPaused = true;
      },
      resume: () => {
        if (!this.#isPaused) return;
        this.#isPaused = false;
        this.#resume();
      },
    };
    this.onRequestStart(this.#controller);
  }

  onHeaders(status: number, headers: readonly Uint8Array[], resume: () => void): boolean {
    this.#resume = resume;
    this.onResponseStart(this.#controller, status, readHeaders(headers));
    return !this.#isPaused;
  }

  onData(bytes: Uint8Array): boolean {
    this.onResponseData(this.#controller, bytes);
    return !this.#isPaused;
  }

  onComplete(): void {
    this.onResponseEnd();
  }

  onError(error: unknown): void {
    this.onResponseError(this.#controller, error);
  }
}

/** Names and values in turn, as bytes of Latin-1. */
function readHeaders(raw: readonly Uint8Array[]): ReceivedHeaders {
  const latin1 = new TextDecoder('latin1');
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = latin1.decode(raw[at]).toLowerCase();
    const value = latin1.decode(raw[at + 1]);
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}
