import type { AbortSignalLike } from './web.ts';

/**
 * The end of one thing: of a call, an attempt, an exchange. What an `AbortController` and its signal are, without the
 * event machinery of the web: a call makes several, and in Node a real one costs as much as parsing the answer.
 */
export class LocalAbort implements AbortSignalLike {
  aborted = false;
  reason: unknown = undefined;
  /** Most have one listener. */
  #callback: (() => void) | undefined = undefined;
  #others: Set<() => void> | undefined = undefined;

  addEventListener(_type: 'abort', callback: () => void): void {
    if (this.#callback === undefined && !this.#others?.has(callback)) this.#callback = callback;
    else if (this.#callback !== callback) (this.#others ??= new Set()).add(callback);
  }

  removeEventListener(_type: 'abort', callback: () => void): void {
    if (this.#callback === callback) this.#callback = undefined;
    else this.#others?.delete(callback);
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const callback = this.#callback;
    const others = this.#others;
    this.#callback = this.#others = undefined;
    callback?.();
    others?.forEach((each) => each());
  }
}

/** A signal as the web knows it, for those who have to have a real one. */
export function toAbortSignal(signal: AbortSignalLike): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort);
  return controller.signal;
}

/** The first of `promise` and the signal's abort. Leaves no listener behind. */
export function raceSignal<T>(promise: Promise<T>, signal: AbortSignalLike): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {});
    return Promise.reject(signal.reason);
  }
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort);
    promise.then(
      (value) => {
        signal.removeEventListener('abort', abort);
        resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', abort);
        reject(error);
      },
    );
  });
}

const listeners = new WeakMap<AbortSignalLike, Set<() => void>>();

/**
 * Calls back when a signal aborts; returns how to take it back. One listener a signal, however many calls share it: a
 * program's one signal for everything must gather no listeners, and Node warns of the eleventh.
 */
export function onAbort(signal: AbortSignalLike, callback: () => void): () => void {
  if (signal instanceof LocalAbort) {
    signal.addEventListener('abort', callback);
    return () => signal.removeEventListener('abort', callback);
  }
  const known = listeners.get(signal);
  if (known !== undefined) {
    known.add(callback);
    return () => leave(signal, known, callback);
  }
  const callbacks = new Set([callback]);
  const run = (): void => {
    listeners.delete(signal);
    for (const each of callbacks) each();
  };
  signal.addEventListener('abort', run);
  listeners.set(signal, callbacks);
  runners.set(callbacks, run);
  return () => leave(signal, callbacks, callback);
}

const runners = new WeakMap<Set<() => void>, () => void>();

function leave(signal: AbortSignalLike, callbacks: Set<() => void>, callback: () => void): void {
  callbacks.delete(callback);
  const run = runners.get(callbacks);
  if (callbacks.size > 0 || run === undefined) return;
  signal.removeEventListener('abort', run);
  if (listeners.get(signal) === callbacks) listeners.delete(signal);
}
