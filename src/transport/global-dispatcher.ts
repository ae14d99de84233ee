import type { Dispatcher } from 'undici';

/** What copies of undici share as their global dispatcher, Node's own included: those before 8, and those from 8 on. */
export function globalDispatcher(version: 1 | 2): Dispatcher | undefined {
  const key = Symbol.for(`undici.globalDispatcher.${version}`);
  return (globalThis as Record<symbol, unknown>)[key] as Dispatcher | undefined;
}

/** undici 8 stores its dispatcher in a second place, and an opaque wrapper of it in the first one. */
export function unwrapped<T extends object>(dispatcher: T): T | Dispatcher {
  if (dispatcher.constructor.name !== 'Dispatcher1Wrapper') return dispatcher;
  return dispatcher === globalDispatcher(1) ? (globalDispatcher(2) ?? dispatcher) : dispatcher;
}
