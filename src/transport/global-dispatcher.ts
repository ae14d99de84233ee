import type { Dispatcher } from 'undici';

/** What copies of undici share as their global dispatcher, Node's own included: those before 8, and those from 8 on. */
export function globalDispatcher(version: 1 | 2): Dispatcher | undefined {
  const key = Symbol.for(`undici.globalDispatcher.${version}`);
  return (globalThis as Record<symbol, unknown>)[key] as Dispatcher | undefined;
}

/** undici 8 puts its own choice in a second place, and a wrapper of it, which tells nothing of it, into the first one. */
export function unwrapped<T extends object>(dispatcher: T): T | Dispatcher {
  if (dispatcher.constructor.name !== 'Dispatcher1Wrapper') return dispatcher;
  return dispatcher === globalDispatcher(1) ? (globalDispatcher(2) ?? dispatcher) : dispatcher;
}
