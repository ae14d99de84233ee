import type { AbortSignalLike } from './web.ts';

const listeners = new WeakMap<AbortSignalLike, Set<() => void>>();

/**
 * Calls back when a signal aborts; returns how to take it back. One listener a signal, however many calls share it: a
 * program's one signal for everything must gather no listeners, and Node warns of the eleventh.
 */
export function onAbort(signal: AbortSignalLike, callback: () => void): () => void {
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
