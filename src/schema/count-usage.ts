import type { ChatCompletion, DecodedCompletion } from './response.ts';
import { countedUsage } from './usage.ts';

/** Takes what is no count out of an answer. A usage is whole, or there is none: one that was not given is not zero. */
export function countUsage(completion: DecodedCompletion): ChatCompletion {
  const counted = completion.usage && countedUsage(completion.usage);
  if (counted === undefined) delete completion.usage;
  else completion.usage = counted;
  return completion as ChatCompletion;
}
