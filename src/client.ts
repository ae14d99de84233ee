import { LocalAbort } from './internal/abort.ts';
import { iterable } from './internal/iterable.ts';
import type { AsyncItems } from './internal/web.ts';
import { bulk } from './bulk/bulk.ts';
import type { BulkCompletion, BulkItems, BulkOptions, BulkResult } from './bulk/types.ts';
import type { Asker } from './call/ask.ts';
import type { Estimate } from './cost/call-estimate.ts';
import type { Totals } from './cost/totals.ts';
import { createVendors } from './failover/create-vendors.ts';
import type { ClientOptions, RequestOptions } from './options/options.ts';
import { defaults } from './options/options.ts';
import { streamObject } from './values/stream-object.ts';
import type { InferInput, InferOutput, OutputSchema } from './values/output-schema.ts';
import { isOutputSchema } from './values/output-schema.ts';
import type { ChatCompletionParseParams, ParseOptions } from './values/parse.ts';
import { parse } from './values/parse.ts';
import { completeRecovering } from './call/recover.ts';
import { runTools } from './tools/run-tools.ts';
import type { AnyTools, GivesContext, RunToolsParams, ToolRun } from './tools/tool-run.ts';
import type { ContextOf } from './tools/tool.ts';
import type { PreparedRequest } from './request/prepare.ts';
import type { Provider } from './dialect/provider.ts';
import type { Balance, Model, ModelList } from './schema/account.ts';
import type { ProviderId, ProviderOptions, ProviderOptionsFor } from './providers/registry.ts';
import { findOption, findProvider, providers } from './providers/registry.ts';
import { fetchTransport } from './transport/fetch-transport.ts';
import { undiciTransport } from './transport/undici.ts';
import { isNode } from './options/runtime.ts';
import type { Preset } from './options/resolve-options.ts';
import { clientOptions } from './options/resolve-options.ts';
import type {
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsBase,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
} from './schema/request.ts';
import type {
  ChatCompletionWithReport,
  CompletionWithReport,
  ParsedChatCompletionWithReport,
} from './outcome/with-report.ts';
import type {
  CompletionCreateParamsBase,
  CompletionCreateParamsNonStreaming,
  CompletionCreateParamsStreaming,
} from './schema/fill.ts';
import { ChatStream } from './stream/chat-stream.ts';
import type { CompletionStream } from './call/completion-stream.ts';
import { printBy } from './outcome/printer.ts';
import { briefly } from './outcome/print-briefly.ts';
import { createRetryBudget } from './traffic/retry-budget.ts';
import type { VendorHealth } from './traffic/vendor-traffic.ts';

/** `client.chat.completions`. */
export interface ChatCompletions<Options = ProviderOptions> {
  /** Requests a complete answer, with its `text` and a `report` of what happened. @throws ChatError, whose `code` says what failed */
  create(
    params: ChatCompletionCreateParamsNonStreaming,
    options?: RequestOptions<Options>,
  ): Promise<ChatCompletionWithReport>;
  /** Requests a stream. Resolves once the response headers have arrived. @throws ChatError, then and while the stream is read */
  create(
    params: ChatCompletionCreateParamsStreaming,
    options?: RequestOptions<Options>,
  ): Promise<ChatStream>;
  /** Requests an answer or a stream, as the value of `stream` says at run time. */
  create(
    params: ChatCompletionCreateParamsBase & { stream?: boolean | null | undefined },
    options?: RequestOptions<Options>,
  ): Promise<ChatStream | ChatCompletionWithReport>;
  /**
   * Like `stream` below, but with a schema as `response_format`: the answer carries its value in `message.parsed`, and
   * `partialObject()` yields it while it grows.
   *
   * @throws ChatError `invalid_request` at once if the schema cannot be used
   */
  stream<const Schema extends OutputSchema>(
    params: ChatCompletionParseParams<Schema> & { stream?: boolean | null | undefined },
    options?: RequestOptions<Options>,
  ): ChatStream<InferOutput<Schema>, InferInput<Schema>>;
  /** Requests a stream, and returns it at once, without an `await`; whatever fails is thrown while it is read. */
  stream(
    params: ChatCompletionCreateParamsBase & { stream?: boolean | null | undefined },
    options?: RequestOptions<Options>,
  ): ChatStream;
  /**
   * Requests a value: `completion.choices[0].message.parsed`, validated by your schema. An answer that does not match is
   * sent back to the model with what is wrong, once by default (`maxRepairs`).
   *
   * @throws ChatError `invalid_output` with the `issues`, and the answer as `partial`
   */
  parse<const Schema extends OutputSchema>(
    params: ChatCompletionParseParams<Schema>,
    options?: ParseOptions<Options>,
  ): Promise<ParsedChatCompletionWithReport<InferOutput<Schema>>>;
  /** Lets the model call tools and runs them, until it answers. Sends nothing until `events()` is read or `final()` is called. */
  runTools<Tools extends AnyTools, Context extends ContextOf<Tools> = ContextOf<Tools>>(
    params: RunToolsParams<Context, Tools> & GivesContext<Context>,
    options?: RequestOptions<Options>,
  ): ToolRun;
  /** Returns exactly what would be sent, without the key and without needing one. Sends nothing. */
  prepare(
    params: ChatCompletionCreateParamsBase & { stream?: boolean | null | undefined },
    options?: RequestOptions<Options>,
  ): PreparedRequest;
}

/** A list of models that can be iterated. */
export type ModelPage = ModelList & AsyncIterable<Model>;

/** `client.completions`: filling in the middle, at DeepSeek itself. */
export interface TextCompletions<Options = ProviderOptions> {
  /**
   * Writes what belongs between `prompt` and `suffix`. Without thinking, at most 4,096 tokens.
   *
   * @throws ChatError `unsupported` where the vendor documents no such call
   */
  create(
    params: CompletionCreateParamsNonStreaming,
    options?: RequestOptions<Options>,
  ): Promise<CompletionWithReport>;
  /** Requests a stream. @throws ChatError `unsupported` where the vendor documents no such call */
  create(
    params: CompletionCreateParamsStreaming,
    options?: RequestOptions<Options>,
  ): Promise<CompletionStream>;
  /** Requests either, as `stream` says at run time. */
  create(
    params: CompletionCreateParamsBase & { stream?: boolean | null | undefined },
    options?: RequestOptions<Options>,
  ): Promise<CompletionStream | CompletionWithReport>;
}

/** A client of one vendor, or of several as one. */
export interface Client<Options = ProviderOptions> extends AsyncDisposable {
  /** Chat completions: `client.chat.completions`. */
  readonly chat: { readonly completions: ChatCompletions<Options> };
  /** Filling in the middle of a text, where the vendor offers it. */
  readonly completions: TextCompletions<Options>;
  /** The models of the vendor. */
  readonly models: {
    /** The vendor's models. @throws ChatError `unsupported` where the vendor documents no list */
    list(options?: RequestOptions<Options>): Promise<ModelPage> & AsyncIterable<Model>;
  };
  /** What is left on the account. @throws ChatError `unsupported` where the vendor documents no such call */
  balance(options?: RequestOptions<Options>): Promise<Balance>;
  /** The state of each vendor by its name, as this process sees it. */
  health(): Record<string, VendorHealth>;
  /** Calls, tokens and costs of this client so far, in total and by vendor. */
  totals(): Totals;
  /** What a request could cost at most at each vendor, in their order. Sends nothing. @throws ChatError `invalid_request` */
  estimate(params: ChatCompletionCreateParamsBase): Promise<Estimate[]>;
  /** Requests an answer for each item, several at the same time, and yields each as soon as it is there. @throws ChatError `invalid_options` at once */
  bulk<Item, const Schema extends OutputSchema = never>(
    items: BulkItems<Item>,
    options: BulkOptions<Item, Options, Schema>,
  ): AsyncItems<BulkResult<Item, BulkCompletion<Schema>>>;
  /** The same client with other options. Another vendor gets neither the key, the base URL, the headers nor the prices of this one. */
  withOptions<const Other extends ProviderId | Provider = never>(
    options: ClientOptions<Other>,
  ): Client<[Other] extends [never] ? Options : ProviderOptionsFor<Other>>;
  /** Aborts the calls in progress with `aborted` and accepts no new ones. Closes only what the client opened. */
  close(): Promise<void>;
}

/**
 * Creates a client. No network, key or file is touched until the first call.
 *
 * @example
 * const client = createClient({ provider: 'deepseek' });
 * const completion = await client.chat.completions.create({ messages: [{ role: 'user', content: 'Hi' }] });
 *
 * @throws ChatError `invalid_options`
 */
export function createClient<const P extends ProviderId | Provider = typeof defaults.provider>(
  options: ClientOptions<P> = {},
): Client<ProviderOptionsFor<P>> {
  printBy(briefly);
  const given = clientOptions(options as ClientOptions);
  const closing = new LocalAbort();
  const vendors = createVendors(given, preset, { budget, closing });
  const close = async (): Promise<void> => {
    closing.abort(undefined);
    await vendors.close();
  };
  return {
    ...callsOf(vendors.asker),
    health: vendors.health,
    totals: vendors.totals,
    estimate: vendors.estimate,
    bulk: (items, bulkOptions) => bulk(vendors, items, bulkOptions) as AsyncItems<never>,
    withOptions: <Other extends ProviderId | Provider>(more: ClientOptions<Other>) => {
      const own = clientOptions(more as ClientOptions);
      return createClient({ ...keptBeside(own, given), ...own } as ClientOptions) as Client<never>;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The options of a client that go along to one with these: what was bound to other vendors does not. */
function keptBeside(
  own: Partial<ClientOptions>,
  given: Partial<ClientOptions>,
): Partial<ClientOptions> {
  const { provider, providers } = own;
  const isOther =
    providers !== undefined ||
    (provider !== undefined &&
      (given.providers !== undefined ||
        findProvider(provider) !== findProvider(given.provider ?? defaults.provider)));
  if (!isOther) return given;
  const {
    provider: _one,
    providers: _several,
    apiKey: _key,
    baseURL: _url,
    pricing: _pricing,
    headers: _headers,
    ...kept
  } = given;
  if (providers !== undefined) return kept;
  const {
    strategy: _strategy,
    onInterrupted: _mode,
    hedge: _hedge,
    maxWaitMs: _wait,
    ...ofOne
  } = kept;
  return ofOne;
}

/** All vendors, and undici where there is Node. */
const preset: Preset = {
  vendors: { ids: Object.keys(providers), find: findProvider, findOption },
  transport: () => (isNode() ? undiciTransport() : fetchTransport()),
};

/** The calls of a client, over any {@link Asker}. */
function callsOf(asker: Asker): Pick<Client<never>, 'chat' | 'completions' | 'models' | 'balance'> {
  return {
    chat: { completions: chatsOf(asker) },
    completions: { create: (params, options) => asker.fill(params, options) as Promise<never> },
    models: {
      list(options) {
        const page = asker
          .models(options)
          .then((models) => iterable(models, async () => models.data));
        // Whoever iterates gets the error from there, and need not ask the promise as well.
        page.catch(() => {});
        return iterable(page, async () => (await page).data);
      },
    },
    balance: (options) => asker.balance(options),
  };
}

function chatsOf(asker: Asker): ChatCompletions<never> {
  const openStream = (
    given: { response_format?: unknown },
    options?: RequestOptions<unknown>,
  ): ChatStream => {
    const params = { ...given, stream: true };
    return isOutputSchema(given?.response_format)
      ? streamObject(asker, params, options)
      : new ChatStream(asker.stream({ params, options }));
  };
  async function create(
    params: ChatCompletionCreateParams,
    options?: RequestOptions<unknown>,
  ): Promise<never> {
    const answer =
      params?.stream === true
        ? new ChatStream(asker.stream({ params, options })).opened()
        : completeRecovering(asker, { params, options }).then(({ completion }) => completion);
    return answer as Promise<never>;
  }
  return {
    create,
    // Its overloads know the type of the value.
    stream: openStream as ChatCompletions<never>['stream'],
    parse: (params: object, options?: ParseOptions<unknown>) =>
      parse(asker, { ...params }, options) as Promise<never>,
    runTools: (params, options) => runTools(asker, params as RunToolsParams, options),
    prepare: (params, options) => asker.prepare(params, options),
  };
}

// For the process: an outage is not less of one because every request has a client of its own.
const budget = createRetryBudget();
