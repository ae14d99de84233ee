// The client alone, for bundles that are to be small: chats over fetch, for the vendors that are handed in. Tools, typed
// values, undici and the list of vendors are in the main entry.
import { createChatAsker } from './call/create-asker.ts';
import { completeRecovering } from './call/recover.ts';
import type { ChatCompletions } from './client.ts';
import type { Provider } from './dialect/provider.ts';
import { LocalAbort } from './internal/abort.ts';
import type { ClientOptions, RequestOptions } from './options/options.ts';
import type { Preset } from './options/resolve-options.ts';
import { clientOptions, resolveOptions } from './options/resolve-options.ts';
import { invalidOptions } from './outcome/invalid-options.ts';
import type { ProviderOptionsFor } from './providers/registry.ts';
import type {
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsBase,
} from './schema/request.ts';
import { ChatStream } from './stream/chat-stream.ts';
import { createRetryBudget } from './traffic/retry-budget.ts';
import type { FetchTransportOptions } from './transport/fetch.ts';
import { createFetchTransport } from './transport/fetch.ts';
import type { Transport } from './transport/transport.ts';

export { ChatError, isChatError } from './outcome/chat-error.ts';
export type { ChatErrorCode } from './outcome/error-codes.ts';
export type { ChatCompletion, ChatCompletionMessage } from './schema/response.ts';
export type { ChatCompletionChunk } from './schema/chunk.ts';
export type { ChatCompletionCreateParams } from './schema/request.ts';
export type { ChatCompletionMessageParam } from './schema/message.ts';
export type { ChatStream } from './stream/chat-stream.ts';
export type { Report } from './outcome/report.ts';
export type { Provider } from './dialect/provider.ts';

/**
 * A transport over any WHATWG `fetch`. It cannot see when a connection is open, so `connect` has no effect, and `headers`
 * counts from the moment of sending. That of the main entry also names the proxies of Node's own `fetch` in its errors.
 */
export function fetchTransport(options: FetchTransportOptions = {}): Transport {
  return createFetchTransport(options);
}

/** Options of a client that knows no vendors by name: `provider` is an object from `deepseek-v4-flash/providers/*`. */
export interface CoreOptions<P extends Provider = Provider> extends Omit<
  ClientOptions<P>,
  'provider'
> {
  /** The vendor. */
  provider: P;
}

/** A client with chat completions only. */
export interface CoreClient<Options> extends AsyncDisposable {
  /** Chat completions: `client.chat.completions`. */
  readonly chat: {
    readonly completions: Pick<ChatCompletions<Options>, 'create' | 'prepare'> & {
      /** Returns the stream at once; a failure before the answer is thrown while reading it. */
      stream(
        params: ChatCompletionCreateParamsBase & { stream?: boolean | null | undefined },
        options?: RequestOptions<Options>,
      ): ChatStream;
    };
  };
  /** Aborts the calls in progress with `aborted` and accepts no new ones. */
  close(): Promise<void>;
}

/**
 * Creates a client of the given vendor. No network and no key is touched until the first call.
 *
 * @example
 * import { createClient } from 'deepseek-v4-flash/core';
 * import { deepseek } from 'deepseek-v4-flash/providers/deepseek';
 * const client = createClient({ provider: deepseek, apiKey });
 *
 * @throws ChatError `invalid_options`
 */
export function createClient<const P extends Provider>(
  all: CoreOptions<P>,
): CoreClient<ProviderOptionsFor<P>> {
  const given = clientOptions(all as unknown as ClientOptions);
  const options = resolveOptions(given, preset);
  const closing = new LocalAbort();
  const asker = createChatAsker({ options, budget, closing });
  const close = async (): Promise<void> => {
    closing.abort(undefined);
    // A transport that was passed in belongs to the caller.
    if (given.transport === undefined) await options.transport.close?.();
  };
  const create = async (
    params: ChatCompletionCreateParams,
    own?: RequestOptions<unknown>,
  ): Promise<unknown> =>
    params?.stream === true
      ? new ChatStream(asker.stream({ params, options: own })).opened()
      : (await completeRecovering(asker, { params, options: own })).completion;
  const completions = {
    create,
    stream: (params: object, own?: RequestOptions<unknown>) =>
      new ChatStream(asker.stream({ params: { ...params, stream: true }, options: own })),
    prepare: (params: object, own?: RequestOptions<unknown>) => asker.prepare(params, own),
  };
  return {
    chat: { completions: completions as never },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const preset: Preset = {
  vendors: {
    ids: [],
    findOption: () => undefined,
    find(provider) {
      const isProvider = typeof provider === 'object' && typeof provider?.encode === 'function';
      if (isProvider) return provider;
      const hint = 'import it from deepseek-v4-flash/providers, e.g. providers/deepseek';
      throw invalidOptions('provider', `Option provider must be a provider: ${hint}`);
    },
  },
  transport: () => fetchTransport(),
};

const budget = /* @__PURE__ */ createRetryBudget();
