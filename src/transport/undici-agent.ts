import type { Agent, Dispatcher } from 'undici';
import { foreignError } from '../outcome/foreign-error.ts';
import { warn } from '../outcome/warn.ts';
import { globalDispatcher, unwrapped } from './global-dispatcher.ts';

type AgentClass = typeof Agent;

let loading: Promise<AgentClass | undefined> | undefined;
let sharedAgent: Dispatcher | undefined;

/**
 * The default dispatcher: the one that was set globally, else our own Agent.
 * Resolves to `undefined` where undici cannot be loaded.
 */
export function defaultDispatcher(): Dispatcher | Promise<Dispatcher | undefined> {
  return (
    chosenGlobally() ??
    sharedAgent ??
    loadAgent().then((Class) => Class && (sharedAgent ??= create(Class)))
  );
}

/** A program should pay for undici at its first call, and for no more of it than it uses. */
function loadAgent(): Promise<AgentClass | undefined> {
  return (loading ??= import('#undici-agent').then(
    ({ Agent: Class }) => Class,
    (error: unknown) => {
      const { code, message } = foreignError(error);
      warn(`undici could not be loaded (${code ?? message}), so requests go over fetch instead.`);
      return undefined;
    },
  ));
}

/** One Agent for the process: sockets are worth sharing, and idle ones do not keep the process alive. */
function create(Class: AgentClass): Dispatcher {
  return new Class({
    // One dead HTTP/2 session would stall every stream on it.
    allowH2: false,
    pipelining: 1,
    // Servers close idle sockets too; a request that meets the close is lost (nodejs/undici#3141).
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 25_000,
    headersTimeout: 0,
    bodyTimeout: 0,
    // The clock is ours. Between addresses Node's own pause is kept: a longer one is paid at each connection where IPv6 is
    // broken, and may be longer than that clock.
    connect: { timeout: 0 },
  });
}

/**
 * The global dispatcher, if it was set on purpose. Node's own `fetch` and undici itself put a plain Agent there, which means
 * nothing; a proxy, a mock or an Agent with options was chosen.
 */
function chosenGlobally(): Dispatcher | undefined {
  const dispatcher = globalDispatcher(1);
  // undici 8 sets one also when it is merely imported.
  const chosenDispatcher = dispatcher && unwrapped(dispatcher);
  return chosenDispatcher === undefined || isPlainAgent(chosenDispatcher) ? undefined : dispatcher;
}

function isPlainAgent(dispatcher: Dispatcher): boolean {
  const { constructor } = dispatcher;
  if (constructor.name !== 'Agent') return false;
  // An Agent with interceptors is a proxy of one, and shows itself by its `dispatch`.
  if ((constructor.prototype as Dispatcher).dispatch !== dispatcher.dispatch) return false;
  let hasNone = withoutOptions.get(dispatcher);
  if (hasNone === undefined) {
    hasNone = !hasOptions(dispatcher);
    withoutOptions.set(dispatcher, hasNone);
  }
  return hasNone;
}

// An Agent's options are those that it was made with; its `dispatch` may be patched later, as instruments do.
const withoutOptions = new WeakMap<Dispatcher, boolean>();

function hasOptions(agent: Dispatcher): boolean {
  const key = Object.getOwnPropertySymbols(agent).find(
    ({ description }) => description === 'options',
  );
  const options = key && (agent as unknown as Record<symbol, unknown>)[key];
  // Where they cannot be seen, they may be there.
  if (typeof options !== 'object' || options === null) return true;
  return !Object.entries(options).every(
    ([name, value]) => value === undefined || value === Infinity || name === 'interceptors',
  );
}
