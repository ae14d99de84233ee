import type { Asked } from '../call/ask.ts';
import { isPending } from '../internal/pending.ts';
import type { Bounds } from './bounds.ts';
import type { Candidate } from './candidate.ts';
import type { FailoverRules } from './rules.ts';

/** The candidates in the order in which a call asks them. @throws ChatError `invalid_options` */
export async function orderOfCall(
  { order, candidates }: FailoverRules,
  bounds: Bounds,
  { params, run }: Asked,
): Promise<readonly Candidate[]> {
  const ordered = order(candidates, params);
  const list = isPending(ordered) ? await bounds.within(ordered) : ordered;
  // Its cache holds what a run has said so far.
  const kept = list.find(({ name }) => name === run?.answeredBy);
  if (kept === undefined || kept.traffic.health().state !== 'closed') return list;
  return [kept, ...list.filter((each) => each !== kept)];
}

/** Where one has room, nobody queues at another. */
export function freeFirst(candidates: readonly Candidate[]): readonly Candidate[] {
  const isFree = ({ traffic }: Candidate): boolean => traffic.hasRoom();
  if (candidates.every(isFree)) return candidates;
  return [...candidates.filter(isFree), ...candidates.filter((each) => !isFree(each))];
}
