import type { CountTokens } from '../cost/estimate.ts';
import type { CallContext } from '../call/call.ts';
import { createAsker } from '../call/create-asker.ts';
import { defaultModel, findModel } from '../dialect/models.ts';
import type { Hooks } from '../options/spectators.ts';
import type { ResolvedEntry } from '../options/several-options.ts';
import type { SharedState } from '../traffic/shared-state.ts';
import { createVendorTraffic } from '../traffic/vendor-traffic.ts';
import type { Candidate } from './candidate.ts';
import { estimateCall } from './estimate-call.ts';

/** What a client lends to its vendors. */
interface Lending {
  lent: Omit<CallContext, 'options' | 'counts'>;
  state: SharedState;
  countTokens: CountTokens | undefined;
}

/** The vendors that a client was configured with, each as one that may answer. */
export function createCandidates(
  entries: readonly [ResolvedEntry, ...ResolvedEntry[]],
  { lent, state, countTokens }: Lending,
): [Candidate, ...Candidate[]] {
  const create = ({ options, concurrency }: ResolvedEntry): Candidate => {
    const { name, provider } = options;
    const { profile } = provider;
    return {
      name,
      provider: provider.id,
      // The end of a call is told by whoever asks several.
      asker: createAsker({ ...lent, options: { ...options, hooks: withoutEnd(options.hooks) } }),
      // The only one is never left alone: that would help nobody.
      traffic: createVendorTraffic({ name, state, concurrency, hasBreaker: entries.length > 1 }),
      canContinue: profile.prefix !== undefined,
      generationOf: (model) => findModel(String(model ?? defaultModel), profile)?.generation,
      estimate: (params) => estimateCall(options, params, countTokens),
    };
  };
  const [first, ...others] = entries;
  return [create(first), ...others.map(create)];
}

function withoutEnd({ onEnd: _end, ...others }: Hooks): Hooks {
  return others;
}
