import type { ChatCompletion, DecodedCompletion } from './response.ts';
import { countedUsage } from './usage.ts';

/** Removes invalid counts from an answer. A usage is complete or absent: a missing count is not zero. */
export function countUsage(completion: DecodedCompletion): ChatCompletion {
  const counted = completion.usage && countedUsage(completion.usage);
  if (counted === undefined) delete completion.usage;
  else completion.usage = counted;
  return completion as ChatCompletion;
}
