import type { Dispatcher } from 'undici';

const places = {
  1: Symbol.for('undici.globalDispatcher.1'),
  2: Symbol.for('undici.globalDispatcher.2'),
} as const;

/** What copies of undici share as their global dispatcher, Node's own included: those before 8, and those from 8 on. */
export function globalDispatcher(version: 1 | 2): Dispatcher | undefined {
  return (globalThis as Record<symbol, unknown>)[places[version]] as Dispatcher | undefined;
}

/** undici 8 stores its dispatcher in a second place, and an opaque wrapper of it in the first one. */
export function unwrapped<T extends object>(dispatcher: T): T | Dispatcher {
  if (dispatcher.constructor.name !== 'Dispatcher1Wrapper') return dispatcher;
  return dispatcher === globalDispatcher(1) ? (globalDispatcher(2) ?? dispatcher) : dispatcher;
}
