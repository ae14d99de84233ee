import type { Asked, Asker } from '../call/ask.ts';
import type { CallContext } from '../call/call.ts';
import { createCacheWatch } from '../call/cache-care.ts';
import type { CallCounts } from '../call/call-parts.ts';
import { resolveClocks } from '../call/clocks.ts';
import { createAsker } from '../call/create-asker.ts';
import type { Estimate } from '../cost/call-estimate.ts';
import type { Prices } from '../cost/prices.ts';
import type { Totals, TotalsCounter } from '../cost/totals.ts';
import { createTotals } from '../cost/totals.ts';
import { defaultModel, findModel } from '../dialect/models.ts';
import { realClock } from '../internal/clock.ts';
import type { ClientOptions, TimeoutOptions } from '../options/options.ts';
import type { Preset } from '../options/resolve-options.ts';
import { resolveTimeout } from '../options/option-values.ts';
import type { ResolvedEntry, ResolvedSeveral } from '../options/several-options.ts';
import { createResolve, resolveEntries, resolveSeveral } from '../options/several-options.ts';
import { resolveCountTokens, resolveMaxCost, resolveState } from '../options/traffic-options.ts';
import { createHedgeBudget } from '../traffic/hedge-budget.ts';
import { memoryState } from '../traffic/memory-state.ts';
import { steadyState } from '../traffic/steady-state.ts';
import type { VendorHealth } from '../traffic/vendor-traffic.ts';
import type { Candidate } from './candidate.ts';
import { createCandidates } from './create-candidates.ts';
import { createFailover } from './create-failover.ts';
import { createOrder } from './order.ts';
import { warnLeftOut } from './left-out.ts';
import type { FailoverRules, HedgeRule } from './rules.ts';
import { spendingUnder } from './spending.ts';

/** Whoever answers a client's calls, and what is known of them. */
export interface Vendors {
  asker: Asker;
  health(): Record<string, VendorHealth>;
  totals(): Totals;
  estimate(params: unknown): Promise<Estimate[]>;
  /** The prices of a model at the vendor of this name, as far as they are known; of the first one, if there is no name. */
  pricesOf(model: unknown, name?: string): Prices | undefined;
  close(): Promise<void>;
}

type Lent = Omit<CallContext, 'options' | 'counts'>;

/** One vendor, or several as one. @throws ChatError `invalid_options` */
export function createVendors(
  given: Partial<ClientOptions>,
  preset: Preset,
  context: Omit<Lent, 'watchCache'>,
): Vendors {
  const lent: Lent = { ...context, watchCache: createCacheWatch() };
  const entries = resolveEntries(given, preset);
  const several = resolveSeveral(given);
  const maxCostUsd = resolveMaxCost(given.maxCostUsd);
  const shared = resolveState(given.state);
  const steady = shared && steadyState(shared);
  const state = steady ?? memoryState();
  const countTokens = resolveCountTokens(given.countTokens);
  const totals = createTotals();
  const isAlone = given.providers === undefined;
  const candidates = createCandidates(entries, { lent, state, countTokens });
  const [first] = entries;
  const isPlain = isAlone && maxCostUsd === undefined && first.concurrency === undefined;
  const plain = isPlain ? createPlain(first, lent, totals) : undefined;
  if (maxCostUsd !== undefined && !isAlone) warnOfUnpriced(entries);
  const clocks = resolveTimeout(given.timeout);
  const rules: FailoverRules = {
    candidates,
    isAlone,
    order: createOrder(several.strategy),
    onInterrupted: several.onInterrupted,
    onUnsupported: first.options.onUnsupported,
    hedge: hedgeRule(several.hedge),
    maxWaitMs: several.maxWaitMs,
    spending: spendingUnder(maxCostUsd, state),
    isShared: steady !== undefined,
    spendIssue: () => steady?.spendIssue(),
    totals,
    hooks: first.options.hooks,
    closing: lent.closing,
    clock: realClock,
    resolve: resolverOf(createResolve(given, clocks, isAlone), clocks),
  };
  const failover = createFailover(rules);
  return {
    asker: plain === undefined ? failover : withLimits(plain.asker, failover),
    health: () =>
      Object.fromEntries(
        candidates.map(({ name, traffic }) => [name, { ...traffic.health(), ...plain?.view() }]),
      ),
    totals: () => totals.read(),
    estimate: (params) => Promise.all(candidates.map((each) => estimateAt(each, params))),
    pricesOf: (model, name) =>
      pricesAt(entries.find(({ options }) => options.name === name) ?? first, model),
    async close() {
      const owned = entries.filter(({ ownsTransport }) => ownsTransport);
      // A transport that was handed in belongs to whoever made it.
      await Promise.all(owned.map(({ options }) => options.transport.close?.()));
    },
  };
}

function hedgeRule(hedge: ResolvedSeveral['hedge']): HedgeRule | undefined {
  if (hedge === undefined) return undefined;
  const { after, maxExtraCalls } = hedge;
  return {
    afterMs: ({ traffic }) => (after === 'p95' ? traffic.latency.p95Ms() : after),
    budget: createHedgeBudget(maxExtraCalls),
  };
}

/** The one vendor of a client without limits: nothing stands between a call and it. */
function createPlain(
  { options }: ResolvedEntry,
  lent: Lent,
  totals: TotalsCounter,
): { asker: Asker; view(): Pick<VendorHealth, 'running'> } {
  let running = 0;
  const { name } = options;
  const counts: CallCounts = {
    begin: () => void running++,
    end(report) {
      running--;
      totals.addTurn(name, report);
      totals.addCall(name);
    },
  };
  return { asker: createAsker({ ...lent, options, counts }), view: () => ({ running }) };
}

/** A limit may be a call's own. */
function withLimits(plain: Asker, limited: Asker): Asker {
  const by = ({ options }: Asked): Asker =>
    options != null && Object.hasOwn(options, 'maxCostUsd') ? limited : plain;
  return {
    ...plain,
    complete: (asked) => by(asked).complete(asked),
    stream: (asked) => by(asked).stream(asked),
  };
}

/** What holds of calls without options of their own, which are nearly all, is worked out once. */
function resolverOf(
  resolve: ReturnType<typeof createResolve>,
  timeout: TimeoutOptions,
): FailoverRules['resolve'] {
  const usual = {
    streamed: resolveClocks(timeout, 'streamed'),
    whole: resolveClocks(timeout, 'whole'),
  };
  const resolveWith: FailoverRules['resolve'] = (own, kind) => {
    const resolved = resolve(own, kind);
    const isUsual = resolved.timeout === timeout;
    const { totalMs, unreadMs } = isUsual ? usual[kind] : resolveClocks(resolved.timeout, kind);
    return Object.assign(resolved, { totalMs, unreadMs });
  };
  const without = {
    streamed: resolveWith(undefined, 'streamed'),
    whole: resolveWith(undefined, 'whole'),
  };
  return (own, kind) => (own == null ? without[kind] : resolveWith(own, kind));
}

/** Whoever set a limit finds out now, and not when the other vendors are down. */
function warnOfUnpriced(entries: readonly ResolvedEntry[]): void {
  for (const entry of entries) {
    if (pricesAt(entry, defaultModel) !== undefined) continue;
    const why = 'its prices are not known, so it is not called under maxCostUsd: give it pricing';
    warnLeftOut(entry.options.name, why);
  }
}

function pricesAt({ options }: ResolvedEntry, model: unknown): Prices | undefined {
  const { pricing, provider } = options;
  return pricing ?? findModel(String(model ?? defaultModel), provider.profile)?.prices;
}

async function estimateAt(candidate: Candidate, params: unknown): Promise<Estimate> {
  const { provider, promptTokens, maxUsd } = await candidate.estimate(params);
  return { provider, promptTokens, ...(maxUsd !== undefined && { maxUsd }) };
}
