import type { Provider } from '../dialect/provider.ts';
import { invalidOptions, ownOptions } from '../outcome/invalid-options.ts';
import type { ProviderId } from '../providers/registry.ts';
import { checkOneOf, resolveRetries } from './option-values.ts';
import type {
  ClientOptions,
  ProviderEntry,
  RequestOptions,
  ResolvedOptions,
  TimeoutOptions,
} from './options.ts';
import { defaults } from './options.ts';
import type { Preset } from './resolve-options.ts';
import { resolveCall, resolveOptions } from './resolve-options.ts';
import type { Strategy } from './strategy.ts';
import type { ResolvedHedge } from './traffic-options.ts';
import { resolveConcurrency, resolveHedge, resolveMaxWait } from './traffic-options.ts';

const entryNames = /* @__PURE__ */ Object.keys({
  provider: true,
  name: true,
  apiKey: true,
  baseURL: true,
  allowHttp: true,
  headers: true,
  pricing: true,
  timeout: true,
  transport: true,
  concurrency: true,
} satisfies Record<keyof ProviderEntry, true>);

/** Options that are bound to one vendor: of several, each has its own. */
const ofOneVendor = ['provider', 'apiKey', 'baseURL', 'headers', 'pricing'] as const;

/** Options that say how several vendors are used. */
const ofSeveral = ['strategy', 'onInterrupted', 'hedge', 'maxWaitMs'] as const;

/** One vendor with all its options decided. */
export interface ResolvedEntry {
  options: ResolvedOptions;
  /** Whether its transport was made here, and is closed with the client. */
  ownsTransport: boolean;
  concurrency: number | undefined;
}

/** The vendors of a client, in order. @throws ChatError `invalid_options` */
export function resolveEntries(
  given: Partial<ClientOptions>,
  preset: Preset,
): [ResolvedEntry, ...ResolvedEntry[]] {
  const { providers } = given;
  if (providers === undefined) {
    const extra = ofSeveral.find((name) => given[name] !== undefined);
    if (extra !== undefined) {
      throw invalidOptions(extra, `Option ${extra} is for several vendors: give them as providers`);
    }
    const concurrency = resolveConcurrency(given.concurrency);
    const ownsTransport = given.transport === undefined;
    return [{ options: resolveOptions(given, preset), ownsTransport, concurrency }];
  }
  if (!Array.isArray(providers) || providers.length === 0) {
    throw invalidOptions('providers', 'Option providers must be a list of at least one vendor');
  }
  const bound = ofOneVendor.find((name) => given[name] !== undefined);
  if (bound !== undefined) {
    const message = `Option ${bound} belongs to one vendor: give it in an element of providers`;
    throw invalidOptions(bound, message);
  }
  const entries = Array.from(providers, (element, index) =>
    resolveEntry(element, index, given, preset),
  );
  checkNames(entries);
  return entries as [ResolvedEntry, ...ResolvedEntry[]];
}

function resolveEntry(
  element: ProviderId | Provider | ProviderEntry,
  index: number,
  given: Partial<ClientOptions>,
  preset: Preset,
): ResolvedEntry {
  const path = `providers.${index}`;
  // As a client without `provider` it would be the default one, which nobody has asked for here.
  if (element == null) {
    const message = `Option ${path} must be the id of a vendor, a provider, or { provider, … }, and is ${String(element)}`;
    throw invalidOptions(path, message);
  }
  const isEntry = typeof element === 'object' && element !== null && 'provider' in element;
  const own = isEntry
    ? ownOptions(element, entryNames, `Option ${path}`)
    : { provider: element as ProviderId | Provider };
  const { name, concurrency, ...vendor } = own;
  if (name !== undefined && (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name))) {
    throw invalidOptions(
      `${path}.name`,
      `Option ${path}.name must be 1 to 64 of a-z A-Z 0-9 _ . -`,
    );
  }
  const { timeout, transport, onUnsupported, limits, splitThinkTags, logger, hooks } = given;
  const options = resolveOptions(
    {
      ...withoutUndefined({
        timeout,
        transport,
        onUnsupported,
        limits,
        splitThinkTags,
        logger,
        hooks,
      }),
      // Whoever moves on to another vendor does not ask the same one again at once.
      maxRetries: 0,
      ...vendor,
    },
    preset,
  );
  return {
    options: { ...options, name: name ?? options.provider.id },
    ownsTransport: vendor.transport === undefined && transport === undefined,
    concurrency:
      concurrency == null
        ? resolveConcurrency(given.concurrency)
        : resolveConcurrency(concurrency, `${path}.concurrency`),
  };
}

function withoutUndefined<T extends object>(values: T): Partial<T> {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as Partial<T>;
}

function checkNames(entries: readonly ResolvedEntry[]): void {
  const names = new Set<string>();
  for (const [index, { options }] of entries.entries()) {
    if (names.has(options.name)) {
      const message = `Two of the providers are called ${options.name}: give one of them another name, e.g. { provider: '${options.provider.id}', name: '${options.provider.id}-2' }`;
      throw invalidOptions(`providers.${index}.name`, message);
    }
    names.add(options.name);
  }
}

/** How several vendors are used, with every default filled in. */
export interface ResolvedSeveral {
  strategy: Strategy;
  onInterrupted: 'error' | 'restart' | 'continue';
  hedge: ResolvedHedge | undefined;
  maxWaitMs: number;
}

/** @throws ChatError `invalid_options` */
export function resolveSeveral(given: Partial<ClientOptions>): ResolvedSeveral {
  const { strategy, onInterrupted, hedge, maxWaitMs } = given;
  if (typeof strategy !== 'function') {
    checkOneOf('strategy', strategy, ['priority', 'cheapest', 'fastest']);
  }
  checkOneOf('onInterrupted', onInterrupted, ['error', 'restart', 'continue']);
  return {
    strategy: strategy ?? 'priority',
    onInterrupted: onInterrupted ?? 'error',
    hedge: resolveHedge(hedge),
    maxWaitMs: resolveMaxWait(maxWaitMs),
  };
}

/** How the options of one call over several vendors are read. */
export function createResolve(
  given: Partial<ClientOptions>,
  timeout: TimeoutOptions,
  isAlone: boolean,
): (
  own: RequestOptions<unknown> | null | undefined,
  kind: 'streamed' | 'whole',
) => ReturnType<typeof resolveCall> {
  const maxRetries = resolveRetries(given.maxRetries) ?? defaults.maxRetries;
  return (own, kind) => {
    const resolved = resolveCall({ timeout, maxRetries }, own, kind);
    // The only vendor is asked again by its own call, and there are no rounds.
    return isAlone ? { ...resolved, maxRetries: 0 } : resolved;
  };
}
