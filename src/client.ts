import type { Call, CallContext } from './call.ts';
import { createCall } from './call.ts';
import { ChatError } from './errors.ts';
import type { ClientOptions, defaults, RequestOptions, ResolvedOptions } from './options.ts';
import type { PreparedRequest, ReadyRequest } from './prepare.ts';
import { prepare, prepareGet } from './prepare.ts';
import { decodeModels } from './providers/dialect/decode-models.ts';
import type { Balance, Model, ModelList, Provider } from './providers/provider.ts';
import type { ProviderId, ProviderOptions, ProviderOptionsFor } from './providers/registry.ts';
import { findProvider } from './providers/registry.ts';
import { readAnswer } from './read-answer.ts';
import { promptTexts } from './redact.ts';
import { resolveOptions } from './resolve-options.ts';
import type {
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsBase,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
} from './schema/request.ts';
import type { ChatCompletion, ChatCompletionWithReport } from './schema/response.ts';
import { createSource } from './stream-source.ts';
import { createAccumulator } from './stream/accumulate.ts';
import { ChatStream, withReport } from './stream/chat-stream.ts';
import { splitThinkTags } from './stream/think-tags.ts';
import { createRetryBudget } from './transport/retry-budget.ts';
import { warnOnce } from './warn.ts';

/** `client.chat.completions`. */
export interface ChatCompletions<Options = ProviderOptions> {
  /** Asks for a stream. Resolves with the response head. */
  create(
    params: ChatCompletionCreateParamsStreaming,
    options?: RequestOptions<Options>,
  ): Promise<ChatStream>;
  /** Asks for a whole answer. */
  create(
    params: ChatCompletionCreateParamsNonStreaming,
    options?: RequestOptions<Options>,
  ): Promise<ChatCompletionWithReport>;
  /** Asks for either. */
  create(
    params: ChatCompletionCreateParamsBase & { stream?: boolean | null | undefined },
    options?: RequestOptions<Options>,
  ): Promise<ChatStream | ChatCompletionWithReport>;
  /** As `create` with `stream: true`, but gives the stream at once; what fails before the answer fails in the stream. */
  stream(
    params: ChatCompletionCreateParamsBase & { stream?: boolean | null | undefined },
    options?: RequestOptions<Options>,
  ): ChatStream;
  /** Exactly what would be sent, without the key and without needing one. Sends nothing. */
  prepare(
    params: ChatCompletionCreateParamsBase & { stream?: boolean | null | undefined },
    options?: RequestOptions<Options>,
  ): PreparedRequest;
}

/** A list of models that can be iterated. */
export type ModelPage = ModelList & AsyncIterable<Model>;

/** A client of one vendor. */
export interface Client<Options = ProviderOptions> extends AsyncDisposable {
  readonly chat: { readonly completions: ChatCompletions<Options> };
  readonly models: {
    /** The vendor's models. @throws ChatError `unsupported` where the vendor documents no list */
    list(options?: RequestOptions<Options>): Promise<ModelPage> & AsyncIterable<Model>;
  };
  /** What is left on the account. @throws ChatError `unsupported` where the vendor documents no such call */
  balance(options?: RequestOptions<Options>): Promise<Balance>;
  /** The same client with other options. Another vendor gets neither the key nor the base URL of this one. */
  withOptions<const Other extends ProviderId | Provider = never>(
    options: ClientOptions<Other>,
  ): Client<[Other] extends [never] ? Options : ProviderOptionsFor<Other>>;
  /** Ends the calls that are under way with `aborted`, and takes no more. Closes only what the client opened. */
  close(): Promise<void>;
}

/**
 * Makes a client. No network, no key and no file is touched until the first call.
 *
 * @example
 * const client = createClient({ provider: 'deepseek' });
 * const completion = await client.chat.completions.create({ messages: [{ role: 'user', content: 'Hi' }] });
 *
 * @throws ChatError `invalid_options`
 */
export function createClient<const P extends ProviderId | Provider = typeof defaults.provider>(
  given: ClientOptions<P> = {},
): Client<ProviderOptionsFor<P>> {
  const options = resolveOptions(given);
  const closing = new AbortController();
  const context: CallContext = { options, budget, closing: closing.signal };

  const openStream = (params: object, requestOptions?: RequestOptions<unknown>): ChatStream =>
    stream(context, { ...params, stream: true }, requestOptions);

  async function create(
    params: ChatCompletionCreateParams,
    requestOptions?: RequestOptions<unknown>,
  ): Promise<never> {
    return (
      params?.stream === true
        ? openStream(params, requestOptions).opened()
        : complete(context, params, requestOptions)
    ) as Promise<never>;
  }

  const list = (
    requestOptions?: RequestOptions<unknown>,
  ): Promise<ModelPage> & AsyncIterable<Model> => {
    const { paths } = options.provider.profile;
    const page = get(context, paths.models, 'list of models', decodeModels, requestOptions).then(
      (models) => iterable(models, async () => models.data),
    );
    // Whoever iterates gets the error from there, and need not ask the promise as well.
    page.catch(() => {});
    return iterable(page, async () => (await page).data);
  };

  const close = async (): Promise<void> => {
    closing.abort();
    // A transport that was handed in belongs to whoever made it.
    if (given.transport === undefined) await options.transport.close?.();
  };

  return {
    chat: {
      completions: {
        create,
        stream: openStream,
        prepare(params, requestOptions = {}) {
          const {
            http: _http,
            model: _model,
            issues: _issues,
            ...prepared
          } = prepare(options, params, requestOptions);
          return prepared;
        },
      },
    },
    models: { list },
    balance(requestOptions = {}) {
      const { decodeBalance, profile } = options.provider;
      // A path without a decoder is as good as none.
      const path = decodeBalance && profile.paths.balance;
      return get(context, path, 'balance', decodeBalance ?? unreachable, requestOptions);
    },
    withOptions: <Other extends ProviderId | Provider>(more: ClientOptions<Other>) => {
      const { apiKey: _apiKey, baseURL: _baseURL, ...kept } = given;
      const isOther =
        more.provider !== undefined && findProvider(more.provider) !== options.provider;
      return createClient({
        ...(isOther ? kept : given),
        ...more,
      } as ClientOptions) as Client<never>;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

// For the process: an outage is not less of one because every request has a client of its own.
const budget = createRetryBudget();

/** A whole answer: validate → encode → send → read → decode. */
async function complete(
  context: CallContext,
  params: unknown,
  requestOptions: RequestOptions<unknown> | undefined,
): Promise<ChatCompletionWithReport> {
  const call = createCall(context, requestOptions, 'whole');
  try {
    const request = begin(context.options, call, params, requestOptions);
    const completion = await call.attempts.run(async (scope) => {
      const response = await call.send(request.http, scope);
      const answer = await readAnswer(response, call, context.options);
      return decodeCompletion(answer, call, context.options);
    });
    call.succeed(completion);
    return withReport(completion, call.report);
  } catch (error) {
    throw call.fail(error);
  }
}

/** A streamed answer: the same path, with the reading left to whoever pulls. */
function stream(
  context: CallContext,
  params: unknown,
  requestOptions: RequestOptions<unknown> | undefined,
): ChatStream {
  const { options } = context;
  const call = createCall(context, requestOptions, 'streamed');
  return new ChatStream({
    source: createSource(call, options, () => begin(options, call, params, requestOptions)),
    accumulator: createAccumulator(options.limits),
    report: call.report,
    unreadMs: call.unreadMs,
    note: call.note,
  });
}

/** Prepares the request, and tells the report and the user what was changed. */
function begin(
  options: ResolvedOptions,
  { report, hidePrompts, check }: Call,
  params: unknown,
  requestOptions: RequestOptions<unknown> | null | undefined,
): ReadyRequest {
  check();
  const request = prepare(options, params, requestOptions ?? {});
  report.model = request.model;
  hidePrompts(() => promptTexts(request.body.messages));
  report.adjustments.push(...request.adjustments);
  report.issues.push(...request.issues);
  if (options.onUnsupported === 'warn') warnOnce(request.provider, request.adjustments);
  return request;
}

/** @throws ChatError `stream_interrupted` for an answer that does not say why it ended */
function decodeCompletion(
  answer: unknown,
  { note }: Call,
  { provider, splitThinkTags: splits }: ResolvedOptions,
): ChatCompletion {
  const decoded = provider.decode(answer, note);
  const completion = splits ? splitThinkTags(decoded) : decoded;
  if (completion.choices.some(({ finish_reason }) => finish_reason === null)) {
    const message = 'The answer has no finish_reason: it is not whole';
    throw new ChatError('stream_interrupted', message, { retryable: true, partial: completion });
  }
  return completion;
}

/** A call without a body. */
async function get<T>(
  context: CallContext,
  path: string | undefined,
  what: string,
  decode: (body: unknown) => T,
  requestOptions: RequestOptions<unknown> | null = {},
): Promise<T> {
  const call = createCall(context, requestOptions, 'whole');
  try {
    call.check();
    const request = prepareGet(context.options, path, what, requestOptions ?? {});
    const answer = await call.attempts.run(async (scope) => {
      const response = await call.send(request, scope);
      return decode(await readAnswer(response, call, context.options));
    });
    call.succeed();
    return answer;
  } catch (error) {
    throw call.fail(error);
  }
}

/** Lets a list, or the promise of one, be iterated, as programs for the `openai` package do. */
function iterable<T extends object, Item>(
  list: T,
  items: () => Promise<Item[]>,
): T & AsyncIterable<Item> {
  return Object.defineProperty(list, Symbol.asyncIterator, {
    async *value() {
      yield* await items();
    },
  }) as T & AsyncIterable<Item>;
}

function unreachable(): never {
  throw new Error('A call without a path was sent');
}
