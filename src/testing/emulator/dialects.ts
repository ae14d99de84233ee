import type { Provider } from '../../dialect/provider.ts';
import type { ProviderId } from '../../providers/registry.ts';
import * as files from '../vendors/index.ts';
import type { Dialect, VendorDialect } from './dialect.ts';
import { openaiTop, openaiUsage } from './dialect.ts';
import type { ErrorWords } from './error-words.ts';
import { errorsIn } from './error-words.ts';
import { balanceStatus, costFields, takes } from './facts.ts';

const vendors: Readonly<Record<string, VendorDialect>> = files satisfies Record<
  ProviderId,
  VendorDialect
>;

/** How a vendor writes: as its file says, and for the rest as OpenAI does, with what its profile names. */
export function dialectOf(provider: Provider): Dialect {
  const { id, profile } = provider;
  const file: Partial<VendorDialect> = (Object.hasOwn(vendors, id) && vendors[id]) || {};
  const { requestId = 'emulated-request', errors, ...own } = file;
  const headers = { [profile.requestIdHeader]: requestId };
  const form = { words: errors?.words, body: errors?.body ?? openaiError };
  return {
    ...plainDialect(provider),
    ...own,
    headers,
    renderError: errorsIn(form, headers, balanceStatus(provider)),
  };
}

function plainDialect(provider: Provider): Omit<Dialect, 'headers' | 'renderError'> {
  return {
    keepAlive: '',
    top: openaiTop('chatcmpl-emulated'),
    opening: [{ role: 'assistant', content: '' }],
    reasoningDelta: (text) => ({ delta: { reasoning_content: text } }),
    contentDelta: (text) => ({ delta: { content: text } }),
    choiceEnd: {},
    usagePlace: 'on a chunk of its own',
    // Where the counts cannot be requested, they are sent by default.
    usageOnRequest: takes(provider, 'stream_options'),
    usage(answer) {
      const { usage, ...more } = costFields(provider, answer.completionTokens / 1_000_000);
      return {
        usage: {
          ...openaiUsage(answer),
          prompt_tokens_details: { cached_tokens: answer.cachedTokens },
          completion_tokens_details: { reasoning_tokens: answer.reasoningTokens },
          ...usage,
        },
        ...more,
      };
    },
    balance: readableBalance(provider),
    modelOwner: provider.id,
    otherModels: 'any',
    extraDocumented: [],
  };
}

function openaiError({ message, type, code }: ErrorWords): unknown {
  return { error: { message, type, param: null, code } };
}

/** There is no common form of a balance: the first of the known ones that the provider can read. */
function readableBalance({ decodeBalance }: Provider): unknown {
  const known = Object.values(vendors).flatMap(({ balance }) => balance ?? []);
  const isReadable = (body: unknown): boolean => {
    try {
      return decodeBalance?.(body) !== undefined;
    } catch {
      return false;
    }
  };
  return known.find(isReadable) ?? known[0];
}
