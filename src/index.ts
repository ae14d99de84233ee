// The public surface, in the order of the data's path.
export { createClient } from './client.ts';
export type { ChatCompletions, Client, ModelPage, TextCompletions } from './client.ts';
export type {
  ClientOptions,
  CommonClientOptions,
  Limits,
  Pricing,
  ProviderEntry,
  RequestOptions,
  TimeoutOptions,
} from './options/options.ts';
export type { Hooks, Logger } from './options/spectators.ts';
export type { HedgeOptions, Strategy, StrategyCandidate } from './options/strategy.ts';
export type { PreparedRequest } from './request/prepare.ts';

export type { OpenAI } from './schema/openai-names.ts';

export { requestSchema } from './schema/request-schema.ts';
export type {
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsBase,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
  ReasoningEffort,
  ResponseFormat,
  ResponseFormatJSONSchemaDefinition,
  ThinkingParam,
} from './schema/request.ts';
export type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionContentPartFile,
  ChatCompletionContentPartImage,
  ChatCompletionContentPartInputAudio,
  ChatCompletionContentPartRefusal,
  ChatCompletionContentPartText,
  ChatCompletionContentPartVideo,
  ChatCompletionDeveloperMessageParam,
  ChatCompletionMessageParam,
  ChatCompletionSystemMessageParam,
  ChatCompletionToolMessageParam,
  ChatCompletionUserMessageParam,
} from './schema/message.ts';
export type {
  ChatCompletionMessageCustomToolCall,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageToolCall,
  ChatCompletionNamedToolChoice,
  ChatCompletionTool,
  ChatCompletionToolChoiceOption,
  FunctionDefinition,
  FunctionParameters,
} from './schema/tool.ts';

export { tool } from './tools/tool.ts';
export type { NeedsApproval, RunnableTool, ToolDefinition, ToolScope } from './tools/tool.ts';
export { jsonSchemaTool } from './tools/json-schema-tool.ts';
export type { ArgumentValidator, JSONSchemaToolDefinition } from './tools/json-schema-tool.ts';
export type {
  RunToolsParams,
  ToolApproval,
  ToolResult,
  ToolRun,
  ToolRunEnd,
  ToolRunEvent,
  ToolRunResult,
  ToolRunStep,
  WaitingToolCall,
} from './tools/tool-run.ts';
export type { ChatCompletionParseParams, ParseOptions } from './values/parse.ts';
export type { Checked } from './schema/standard.ts';
export type { InferInput, InferOutput, OutputSchema, SchemaPair } from './values/output-schema.ts';
export { explainMessages } from './request/explain-messages.ts';
export type { MessageExplanation } from './request/explain-messages.ts';
export { fitMessages } from './request/fit-messages.ts';
export type { FitMessagesOptions, FittedMessages } from './request/fit-messages.ts';

export { defineProvider, providers } from './providers/registry.ts';
export type { ProviderId, ProviderOptions, ProviderOptionsFor } from './providers/registry.ts';
export type { ProviderFacts, ProviderSpec } from './dialect/define-provider.ts';
export type { AimlapiOptions } from './providers/aimlapi.ts';
export type { DeepSeekOptions } from './providers/deepseek.ts';
export type { ShortapiOptions } from './providers/shortapi.ts';
export type { Provider } from './dialect/provider.ts';
export type { ModelFacts, ModelsFacts } from './dialect/fold-models.ts';
export type { Generation, ModelProfile, Region } from './dialect/models.ts';
export type { ParameterRule, Profile, RuledParameter } from './dialect/profile.ts';
export type { EffortField, ThinkingStyle, ThinkingSwitch } from './dialect/thinking.ts';
export type { Holidays, Prices } from './cost/prices.ts';
export type { CallTotals, TotalCost, Totals } from './cost/totals.ts';
export type { CountTokens } from './cost/estimate.ts';
export type { Estimate } from './cost/call-estimate.ts';
export { fileJournal } from './bulk/file-journal.ts';
export type {
  BulkCompletion,
  BulkItems,
  BulkJournal,
  BulkOptions,
  BulkProgress,
  BulkResult,
  JournalEntry,
} from './bulk/types.ts';
export { memoryState } from './traffic/memory-state.ts';
export type { MemoryStateOptions } from './traffic/memory-state.ts';
export type { BreakerRecord, BreakerState } from './traffic/breaker.ts';
export type { Lease, LeaseWish, SharedState } from './traffic/shared-state.ts';
export type { SpendLedger } from './cost/spend.ts';
export type { VendorHealth } from './traffic/vendor-traffic.ts';
export type { Clock } from './internal/clock.ts';
export type { Balance, Model, ModelList, ModelListFailure } from './schema/account.ts';

export { fetchTransport } from './transport/fetch-transport.ts';
export type { FetchLike, FetchResponseLike, FetchTransportOptions } from './transport/fetch.ts';
export { undiciTransport } from './transport/undici.ts';
export type { DispatcherLike, UndiciTransportOptions } from './transport/undici.ts';
export type { Transport, TransportRequest, TransportResponse } from './transport/transport.ts';

export { decodeStream } from './gateway/decode-stream.ts';
export { ChatStream } from './stream/chat-stream.ts';
export type { OnDisconnect } from './stream/frames.ts';
export type { NodeResponseLike, ToResponseInit, ToSSEStreamInit } from './stream/hand-on.ts';
export type { DeepPartial, FinalCompletion } from './stream/stream-output.ts';
export type { ChatStreamEvent } from './stream/events.ts';
export { chunkSchema } from './schema/chunk.ts';
export type {
  ChatCompletionChunk,
  ChatCompletionDelta,
  ChatCompletionDeltaToolCall,
  ChunkChoice,
} from './schema/chunk.ts';
export { completionSchema } from './schema/response.ts';
export type {
  Annotation,
  ChatCompletion,
  ChatCompletionAudio,
  ChatCompletionMessage,
  Choice,
  ChoiceLogprobs,
  CompletionMeta,
  FinishReason,
  InvalidToolCall,
  ParsedChatCompletion,
  ParsedChoice,
  ParsedMessage,
  TokenLogprob,
} from './schema/response.ts';
export type {
  AnswerShorthands,
  ChatCompletionWithReport,
  ParsedChatCompletionWithReport,
} from './outcome/with-report.ts';
export type { AnswerEnd, FinishWords } from './schema/finish-reason.ts';
export type {
  ChunkUsage,
  CompletionTokensDetails,
  CompletionUsage,
  PromptTokensDetails,
  ReportUsage,
} from './schema/usage.ts';
export type {
  Completion,
  CompletionChoice,
  CompletionCreateParams,
  CompletionCreateParamsBase,
  CompletionCreateParamsNonStreaming,
  CompletionCreateParamsStreaming,
  CompletionLogprobs,
} from './schema/fill.ts';
export type { CompletionWithReport } from './outcome/with-report.ts';
export type { CompletionStream } from './call/completion-stream.ts';
export type {
  StandardIssue,
  StandardJSONSchemaV1,
  StandardResult,
  StandardSchemaV1,
} from './schema/standard.ts';

export { ChatError, isChatError } from './outcome/chat-error.ts';
export type { ChatErrorCode, TimeoutPhase } from './outcome/error-codes.ts';
export type { ErrorIssue } from './schema/issue.ts';
export type { ChatErrorInit } from './outcome/chat-error.ts';
export type {
  Adjustment,
  Attempt,
  CompletionState,
  Report,
  ReportCache,
  ReportThinking,
  Timings,
} from './outcome/report.ts';
export type { Cost } from './cost/prices.ts';
export type { ReportIssue } from './schema/issue.ts';
export type {
  AbortSignalLike,
  AsyncItems,
  ByteReader,
  ByteSource,
  WebAbortSignal,
  WebByteStream,
  WebResponse,
} from './internal/web.ts';

/** @internal Shared with the entries that build on this one. */
export { LocalAbort } from './internal/abort.ts';
/** @internal */
export { handOnOwn } from './stream/hand-on-own.ts';
/** @internal */
export { endOf } from './stream/chat-stream.ts';
/** @internal */
export { handOnFrames } from './stream/to-response.ts';
/** @internal */
export { readRest } from './stream/frames.ts';
/** @internal */
export { checkInit, isOnDisconnect, sentence } from './stream/hand-on.ts';
/** @internal */
export type { OwnForm } from './stream/hand-on-own.ts';
