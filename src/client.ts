import type { AttemptScope } from './attempt.ts';
import type { Call, CallContext, CallResponse } from './call.ts';
import { createCall, parseOr } from './call.ts';
import { ChatError } from './errors.ts';
import type {
  ClientOptions,
  defaults,
  RequestOptions,
  ResolvedLimits,
  ResolvedOptions,
} from './options.ts';
import { resolveOptions } from './options.ts';
import type { PreparedRequest, ReadyRequest } from './prepare.ts';
import { prepare, prepareGet } from './prepare.ts';
import { decodeModels } from './providers/dialect/decode-models.ts';
import type { Balance, Model, ModelList, Provider } from './providers/provider.ts';
import type { ProviderId, ProviderOptions, ProviderOptionsFor } from './providers/registry.ts';
import type { ChatCompletionChunk } from './schema/chunk.ts';
import type {
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsBase,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
} from './schema/request.ts';
import type { ChatCompletion, ChatCompletionWithReport } from './schema/response.ts';
import { createAccumulator } from './stream/accumulate.ts';
import type { ChunkSource } from './stream/chat-stream.ts';
import { ChatStream, withReport } from './stream/chat-stream.ts';
import type { ChunkReader } from './stream/decode-stream.ts';
import { createChunkReader } from './stream/decode-stream.ts';
import type { ThinkTagSplitter } from './stream/think-tags.ts';
import { createThinkTagSplitter, splitThinkTags } from './stream/think-tags.ts';
import { createRetryBudget } from './transport/retry-budget.ts';
import { warnOnce } from './warn.ts';
import type { WatchedBody } from './stream/clocks.ts';

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

/** A client of one vendor. */
export interface Client<Options = ProviderOptions> extends AsyncDisposable {
  readonly chat: { readonly completions: ChatCompletions<Options> };
  readonly models: {
    /** The vendor's models. @throws ChatError `unsupported` where the vendor documents no list */
    list(options?: RequestOptions<Options>): Promise<ModelList> & AsyncIterable<Model>;
  };
  /** What is left on the account. @throws ChatError `unsupported` where the vendor documents no such call */
  balance(options?: RequestOptions<Options>): Promise<Balance>;
  /** The same client with other options. */
  withOptions(options: Partial<ClientOptions>): Client<Options>;
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
  const context: CallContext = { options, budget: createRetryBudget(), closing: closing.signal };

  const openStream = (params: object, requestOptions: RequestOptions<unknown> = {}): ChatStream =>
    stream(context, { ...params, stream: true }, requestOptions);

  async function create(params: ChatCompletionCreateParams, requestOptions = {}): Promise<never> {
    return (
      params?.stream === true
        ? openStream(params, requestOptions).opened()
        : complete(context, params, requestOptions)
    ) as Promise<never>;
  }

  const list = (
    requestOptions: RequestOptions<unknown> = {},
  ): Promise<ModelList> & AsyncIterable<Model> => {
    const { paths } = options.provider.profile;
    const models = get(context, paths.models, 'list of models', decodeModels, requestOptions);
    return withItems(
      models.then((page) => withItems(page, async () => page.data)),
      async () => (await models).data,
    );
  };

  const close = async (): Promise<void> => {
    closing.abort(new ChatError('aborted', 'The client was closed'));
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
    withOptions: (more) => createClient({ ...given, ...more } as ClientOptions<P>),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A whole answer: validate → encode → send → read → decode. */
async function complete(
  context: CallContext,
  params: unknown,
  requestOptions: RequestOptions<unknown>,
): Promise<ChatCompletionWithReport> {
  const call = createCall(context, requestOptions, 'whole');
  try {
    const request = begin(context.options, call, params, requestOptions);
    const completion = await call.attempts.run(async (scope) => {
      const response = await call.send(request.http, scope);
      return readCompletion(response, call, context.options);
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
  requestOptions: RequestOptions<unknown>,
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
  { report, hidePrompts }: Call,
  params: unknown,
  requestOptions: RequestOptions<unknown>,
): ReadyRequest {
  const request = prepare(options, params, requestOptions);
  report.model = request.model;
  hidePrompts(promptTexts(request.body.messages));
  report.adjustments.push(...request.adjustments);
  report.issues.push(...request.issues);
  if (options.onUnsupported === 'warn') warnOnce(request.provider, request.adjustments);
  return request;
}

/** What was asked, text by text. A word or two may be anybody's. */
function promptTexts(messages: unknown): string[] {
  const texts = (messages as { content?: unknown }[]).flatMap(({ content }) =>
    Array.isArray(content) ? content.map((part: { text?: unknown }) => part.text) : [content],
  );
  return texts.filter((text) => typeof text === 'string' && text.length >= 12) as string[];
}

async function readCompletion(
  { body }: CallResponse,
  call: Call,
  { provider, limits, splitThinkTags: splits }: ResolvedOptions,
): Promise<ChatCompletion> {
  const answer = parseAnswer(await readText(body, limits));
  const error = provider.findError(answer);
  if (error !== undefined) throw call.toError(error);
  const decoded = provider.decode(answer, call.note);
  const completion = splits ? splitThinkTags(decoded) : decoded;
  if (completion.choices.some(({ finish_reason }) => finish_reason === null)) {
    throw new ChatError('stream_interrupted', 'The answer has no finish_reason: it is not whole', {
      retryable: true,
      partial: completion,
    });
  }
  return completion;
}

/** @throws ChatError `limit_exceeded`, or what the body's reader throws */
async function readText(body: WatchedBody, { responseBytes }: ResolvedLimits): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (;;) {
    const bytes = await body.read();
    if (bytes === undefined) return text + decoder.decode();
    size += bytes.length;
    if (size > responseBytes) {
      body.cancel();
      const message = `The answer is larger than ${responseBytes} bytes (option limits.responseBytes)`;
      throw new ChatError('limit_exceeded', message);
    }
    // Blank lines keep the connection awake while the request is queued; they are no content.
    const piece = decoder.decode(bytes, { stream: true });
    if (text !== '' || piece.trim() !== '') body.gotContent();
    text = text === '' ? piece.trimStart() : text + piece;
  }
}

function parseAnswer(text: string): unknown {
  const answer = parseOr(text);
  if (typeof answer !== 'string') return answer;
  if (text === '' || text.startsWith('{')) {
    const message = 'The answer ended before it was whole: its JSON is cut off';
    throw new ChatError('stream_interrupted', message, { retryable: true });
  }
  const what = text.startsWith('<') ? 'a web page' : 'something that is no JSON';
  throw new ChatError('invalid_response', `The vendor answered with ${what}`);
}

/** Where a stream's chunks come from: attempt after attempt until the first chunk is handed out, then only this one. */
function createSource(
  call: Call,
  options: ResolvedOptions,
  prepareRequest: () => ReadyRequest,
): ChunkSource {
  const { provider, limits } = options;
  let request: ReadyRequest;
  let body: WatchedBody | undefined;
  let reader: ChunkReader;
  let splitter: ThinkTagSplitter | undefined;
  let first: ChatCompletionChunk | undefined;
  let isDelivered = false;

  const connect = async (scope: AttemptScope): Promise<void> => {
    body = (await call.send(request.http, scope)).body;
    const dialect = { ...provider, toError: call.toError };
    reader = createChunkReader(body, dialect, limits, call.note);
    splitter = options.splitThinkTags ? createThinkTagSplitter() : undefined;
  };

  /** Reads up to the first chunk. An error in its place may still be retried: nobody has seen anything. */
  const fillFirst = async (): Promise<boolean> => {
    for (;;) {
      try {
        do {
          first = reader.pull();
          if (first !== undefined) return true;
        } while (await reader.fill());
        throw new ChatError('stream_interrupted', 'The stream ended before the answer began', {
          retryable: true,
        });
      } catch (error) {
        body?.cancel();
        await call.attempts.again(error);
        await call.attempts.run(connect);
      }
    }
  };

  return {
    signal: call.lifetime.signal,
    async open() {
      request = prepareRequest();
      await call.attempts.run(connect);
    },
    pull() {
      if (call.lifetime.signal.aborted) throw call.lifetime.signal.reason;
      // Before the first chunk, only `fill` may meet an error: it can try again.
      const chunk = isDelivered ? reader.pull() : first;
      if (chunk === undefined) return undefined;
      isDelivered = true;
      return splitter === undefined ? chunk : splitter.split(chunk);
    },
    fill: () => (isDelivered ? reader.fill() : fillFirst()),
    gotContent: () => body?.gotContent(),
    gotFinish: () => body?.gotFinish(),
    rest: () => splitter?.rest(),
    cancel: (error) => call.lifetime.abort(error),
    settle(outcome) {
      const isWhole = 'completion' in outcome;
      // After `[DONE]` the rest of the body is read, so that the connection can be used again.
      if (!isWhole || !reader.sawDone) body?.cancel();
      if (isWhole) call.succeed(outcome.completion);
      else call.fail(outcome.error);
    },
  };
}

async function get<T>(
  context: CallContext,
  path: string | undefined,
  what: string,
  decode: (body: unknown) => T,
  requestOptions: RequestOptions<unknown>,
): Promise<T> {
  const call = createCall(context, requestOptions, 'whole');
  try {
    const request = prepareGet(context.options, path, what, requestOptions);
    const answer = await call.attempts.run(async (scope) => {
      const { body } = await call.send(request, scope);
      const answer = parseAnswer(await readText(body, context.options.limits));
      const error = context.options.provider.findError(answer);
      if (error !== undefined) throw call.toError(error);
      return decode(answer);
    });
    call.succeed();
    return answer;
  } catch (error) {
    throw call.fail(error);
  }
}

/** Lets a list, or the promise of one, be iterated, as programs for the `openai` package do. */
function withItems<T extends object, Item>(
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
