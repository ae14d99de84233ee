import type { Adjustment } from '../outcome/report.ts';
import { ChatError } from '../outcome/chat-error.ts';
import type { Candidate } from './candidate.ts';

/** Whether a request would be cut to what a vendor takes, where another one may take it as it is. */
export function isClamped({ action, lossy }: Adjustment): boolean {
  return lossy && action === 'clamped';
}

/**
 * A vendor may serve another generation of the model under the same name. Whoever moves on to it is told.
 *
 * @param first the vendor that the user named first
 */
export function generationSwitch(
  candidate: Candidate,
  first: Candidate,
  params: unknown,
): Adjustment | undefined {
  const { model } = (params ?? {}) as { model?: unknown };
  const [from, to] = [first.generationOf(model), candidate.generationOf(model)];
  if (from === undefined || to === undefined || from === to) return undefined;
  const reason = `${candidate.name} serves generation ${to} of the model, and ${first.name} generation ${from}`;
  return { param: 'model', action: 'mapped', lossy: true, from, to, reason };
}

/** The vendor is left out, since only what is asked for is wanted. */
export function refusedSwitch({ name }: Candidate, { reason }: Adjustment): ChatError {
  const message = `${name} was left out: ${reason}`;
  return new ChatError('unsupported_parameter', message, { provider: name, param: 'model' });
}
