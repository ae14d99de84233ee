import type { ChatCompletionChunk, WebAbortSignal, WebByteStream } from '../../index.ts';

// The part of the AI SDK's language model specification, V3 and V4, that this provider speaks, written out so that
// `@ai-sdk/provider` is needed neither to run nor to compile. Tests hold it assignable to the real types.

/** Which version of the specification: `v3` is taken by `ai` 6 and 7, `v4` by `ai` 7 alone. */
export type SpecificationVersion = 'v3' | 'v4';

/** Fields by the name of a provider; ours is `flash`. */
export type ByProvider = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A part of a message: text, a file, reasoning, a call, a result or an approval. */
export interface PromptPart {
  readonly type: string;
  readonly text?: string | undefined;
  readonly data?: unknown;
  readonly mediaType?: string | undefined;
  readonly filename?: string | undefined;
  readonly toolCallId?: string | undefined;
  readonly toolName?: string | undefined;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly providerExecuted?: boolean | undefined;
  readonly providerOptions?: ByProvider | undefined;
}

/** A message of a prompt. */
export interface PromptMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | readonly PromptPart[];
  readonly providerOptions?: ByProvider | undefined;
}

/** A tool that is offered to the model. */
export interface ModelTool {
  readonly type: 'function' | 'provider';
  readonly name: string;
  readonly id?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema?: unknown;
  readonly strict?: boolean | undefined;
}

/** What a call is asked with. */
export interface ModelCallOptions {
  readonly prompt: readonly PromptMessage[];
  readonly maxOutputTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly stopSequences?: readonly string[] | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly responseFormat?:
    | {
        readonly type: 'text' | 'json';
        readonly schema?: unknown;
        readonly name?: string | undefined;
        readonly description?: string | undefined;
      }
    | undefined;
  readonly seed?: number | undefined;
  readonly tools?: readonly ModelTool[] | undefined;
  readonly toolChoice?:
    | {
        readonly type: 'auto' | 'none' | 'required' | 'tool';
        readonly toolName?: string | undefined;
      }
    | undefined;
  readonly includeRawChunks?: boolean | undefined;
  readonly abortSignal?: WebAbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** V4: how hard to think. */
  readonly reasoning?: string | undefined;
  readonly providerOptions?: ByProvider | undefined;
}

/** What was not done as it was asked. */
export type ModelWarning =
  | { type: 'unsupported' | 'compatibility'; feature: string; details: string }
  | { type: 'other'; message: string };

/** Token counts. */
export interface ModelUsage {
  inputTokens: {
    total: number | undefined;
    noCache: number | undefined;
    cacheRead: number | undefined;
    cacheWrite: undefined;
  };
  outputTokens: {
    total: number | undefined;
    text: number | undefined;
    reasoning: number | undefined;
  };
}

/** How an answer ended. */
export interface ModelFinishReason<Version extends SpecificationVersion> {
  unified:
    | 'stop'
    | 'length'
    | 'content-filter'
    | 'tool-calls'
    | 'error'
    | (Version extends 'v4' ? 'interrupted' : never);
  /** The vendor's own word. */
  raw: string | undefined;
}

// A type and no interface: JSON objects of the specification have an index, which interfaces do not fit.
/** What `providerMetadata.flash` tells. */
export type FlashMetadata = {
  /** Id of the vendor that answered. */
  vendor: string;
  /** The model id that was sent. */
  model: string;
  /** The vendor's id for the request. */
  requestId?: string | undefined;
  /** Every send, the last one last. */
  attempts: {
    number: number;
    durationMs: number;
    status?: number | undefined;
    error?: string | undefined;
    provider?: string | undefined;
  }[];
  /** US dollars as an exact decimal string; absent where unknown. */
  cost?: { usd: string; source: string; priceDate?: string | undefined } | undefined;
  /** What kind of end the answer had. */
  completion: string;
  /** Why it failed, if it did. */
  error?: { code: string; message: string } | undefined;
  /** Milliseconds since the call began. */
  timings: { [name: string]: number | undefined };
  /** What was changed on the way, by parameter. */
  adjustments: { param: string; action: string; lossy: boolean; reason: string }[];
  /** Oddities of the answer. */
  issues: { code: string; message: string }[];
  /** Calls that are not handed out: they are no whole calls, or the answer did not end well. */
  withheldToolCalls?: { name: string; reason: string }[] | undefined;
};

/** What goes beside an answer. */
export type FlashProviderMetadata = { flash: FlashMetadata };

/** One thing of a whole answer. */
export type ModelContent =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'tool-call'; toolCallId: string; toolName: string; input: string };

/** A whole answer. */
export interface ModelGenerateResult<Version extends SpecificationVersion> {
  content: ModelContent[];
  finishReason: ModelFinishReason<Version>;
  usage: ModelUsage;
  providerMetadata: FlashProviderMetadata;
  response: { id: string; timestamp: Date; modelId: string; headers: Record<string, string> };
  warnings: ModelWarning[];
}

/** One thing of a stream. */
export type ModelStreamPart<Version extends SpecificationVersion> =
  | { type: 'stream-start'; warnings: ModelWarning[] }
  | { type: 'response-metadata'; id: string; timestamp: Date; modelId: string }
  | { type: 'text-start' | 'text-end' | 'reasoning-start' | 'reasoning-end'; id: string }
  | { type: 'text-delta' | 'reasoning-delta'; id: string; delta: string }
  | { type: 'tool-input-start'; id: string; toolName: string }
  | { type: 'tool-input-delta'; id: string; delta: string }
  | { type: 'tool-input-end'; id: string }
  | { type: 'tool-call'; toolCallId: string; toolName: string; input: string }
  | { type: 'raw'; rawValue: ChatCompletionChunk }
  | { type: 'error'; error: unknown }
  | {
      type: 'finish';
      usage: ModelUsage;
      finishReason: ModelFinishReason<Version>;
      providerMetadata: FlashProviderMetadata;
    };

// The method of the web's streams that gives a stream of other items is a way to name such a stream where the program has
// the web's types, and to do without where it has none.
declare const anyStream: WebByteStream extends { pipeThrough: infer Pipe }
  ? { pipeThrough: Pipe }
  : { pipeThrough<Item>(): AsyncIterable<Item> };

/** A web `ReadableStream` of items. */
export type WebStream<Item> = ReturnType<typeof anyStream.pipeThrough<Item>>;

/** A streamed answer. */
export interface ModelStreamResult<Version extends SpecificationVersion> {
  stream: WebStream<ModelStreamPart<Version>>;
  response: { headers: Record<string, string> };
}

/** A language model of the specification. */
export interface FlashModel<Version extends SpecificationVersion = 'v3'> {
  readonly specificationVersion: Version;
  readonly provider: string;
  readonly modelId: string;
  /** What the model is sent by its URL, and `ai` need not download. */
  readonly supportedUrls: Record<string, RegExp[]>;
  doGenerate(options: ModelCallOptions): Promise<ModelGenerateResult<Version>>;
  doStream(options: ModelCallOptions): Promise<ModelStreamResult<Version>>;
}
