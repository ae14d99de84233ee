import { isChatError } from '../outcome/chat-error.ts';
import type { ErrorIssue } from '../schema/issue.ts';
import { withoutHalves } from './half-pairs.ts';
import type { Provider } from '../dialect/provider.ts';
import type { ProviderId } from '../providers/registry.ts';
import { findProvider } from '../providers/registry.ts';
import type { CanonicalRequest } from '../schema/canonical-request.ts';
import { canonicalRequest, messageIssues } from './canonical.ts';
import { checkMessages } from './contradictions.ts';
import type { ChatCompletionMessageParam } from '../schema/message.ts';

/** What happens to one message at one vendor. */
export interface MessageExplanation {
  /** Index of the message, starting at 0. */
  index: number;
  /** Dotted path to the place, e.g. `messages.2.tool_calls.0`. */
  path: string;
  /** `refused`: the request fails, here or at the vendor. `adjusted`: it is sent, with this changed. */
  outcome: 'refused' | 'adjusted';
  /** Why, in one sentence. */
  reason: string;
}

/**
 * Says, without sending anything, which messages a vendor would refuse and which would be changed for it; an empty list
 * if all of them are sent unchanged. For conversations that were stored, edited, or held with another vendor.
 *
 * @example
 * for (const { path, outcome, reason } of explainMessages(messages, 'deepseek')) console.log(path, outcome, reason);
 *
 * @throws ChatError `invalid_options` for an unknown vendor
 */
export function explainMessages(
  messages: readonly ChatCompletionMessageParam[],
  provider: ProviderId | Provider,
): MessageExplanation[] {
  const vendor = findProvider(provider);
  const malformed = messageIssues(messages);
  if (!Array.isArray(messages)) return malformed.map(refused);
  // A value that is not a message does not affect the others.
  const broken = new Set(malformed.map(({ path }) => Number(path.split('.')[1])));
  const readable = [...messages].map((message, index): ChatCompletionMessageParam =>
    broken.has(index) ? { role: 'user', content: '' } : (message as ChatCompletionMessageParam),
  );
  const issues = [...malformed];
  checkMessages(readable, issues);
  const found = issues.map(refused);
  const hasCalls = readable.some(
    (message) => message.role === 'assistant' && !!message.tool_calls?.length,
  );
  // The encoder stops at the first thing that it cannot send, so each message is shown to it alone.
  for (const [index, message] of readable.entries()) {
    if (found.some((each) => each.index === index)) continue;
    found.push(...explainMessage(message, index, hasCalls, vendor));
  }
  return found.toSorted((a, b) => a.index - b.index);
}

function explainMessage(
  message: ChatCompletionMessageParam,
  index: number,
  hasCalls: boolean,
  vendor: Provider,
): MessageExplanation[] {
  const mended = withoutHalves(message, 'messages.0');
  const request: CanonicalRequest = {
    ...canonicalRequest({ messages: [{ role: 'user', content: '' }] }),
    messages: [mended.value],
    // A conversation in which tools were called is sent with tools, and other rules hold for it.
    ...(hasCalls && { tools: [{ type: 'function', function: { name: 'tool', parameters: {} } }] }),
  };
  const own = (path: string): string => path.replace(/^messages\.0\b/, `messages.${index}`);
  try {
    const { adjustments } = vendor.encode(request, vendor.profile);
    return [...mended.adjustments, ...adjustments]
      .filter(({ param }) => param.startsWith('messages.'))
      .map(({ param, reason }) => ({ index, path: own(param), outcome: 'adjusted', reason }));
  } catch (error) {
    if (!isChatError(error)) throw error;
    const reason = error.message.replace(/ \(.*\)$/, '');
    return [refused({ path: own(error.param ?? 'messages.0'), message: reason })];
  }
}

function refused({ path, message }: ErrorIssue): MessageExplanation {
  return { index: Number(path.split('.')[1] ?? 0), path, outcome: 'refused', reason: message };
}
