import { expectTypeOf, test } from 'vitest';
import type * as library from 'deepseek-v4-flash';
import type * as testing from 'deepseek-v4-flash/testing';

// What holds for every public type, list by list: there is no way to ask TypeScript for all exports that are types.

interface Requests {
  audioPart: library.ChatCompletionContentPartInputAudio;
  audioPartBody: library.ChatCompletionContentPartInputAudio['input_audio'];
  assistant: library.ChatCompletionAssistantMessageParam;
  base: library.ChatCompletionCreateParamsBase;
  developer: library.ChatCompletionDeveloperMessageParam;
  filePart: library.ChatCompletionContentPartFile;
  filePartBody: library.ChatCompletionContentPartFile['file'];
  function: library.FunctionDefinition;
  imagePart: library.ChatCompletionContentPartImage;
  imagePartBody: library.ChatCompletionContentPartImage['image_url'];
  jsonSchema: library.ResponseFormatJSONSchemaDefinition;
  namedToolChoice: library.ChatCompletionNamedToolChoice;
  nonStreaming: library.ChatCompletionCreateParamsNonStreaming;
  refusalPart: library.ChatCompletionContentPartRefusal;
  streaming: library.ChatCompletionCreateParamsStreaming;
  streamOptions: NonNullable<library.ChatCompletionCreateParamsBase['stream_options']>;
  system: library.ChatCompletionSystemMessageParam;
  textPart: library.ChatCompletionContentPartText;
  thinking: library.ThinkingParam;
  tool: library.ChatCompletionTool;
  toolMessage: library.ChatCompletionToolMessageParam;
  user: library.ChatCompletionUserMessageParam;
  videoPart: library.ChatCompletionContentPartVideo;
}

interface Responses {
  annotation: library.Annotation;
  audio: library.ChatCompletionAudio;
  choice: library.Choice;
  chunk: library.ChatCompletionChunk;
  chunkChoice: library.ChunkChoice;
  completion: library.ChatCompletion;
  completionDetails: library.CompletionTokensDetails;
  customCall: library.ChatCompletionMessageCustomToolCall;
  delta: library.ChatCompletionDelta;
  deltaToolCall: library.ChatCompletionDeltaToolCall;
  functionCall: library.ChatCompletionMessageFunctionToolCall;
  logprobs: library.ChoiceLogprobs;
  message: library.ChatCompletionMessage;
  meta: library.CompletionMeta;
  model: library.Model;
  modelList: library.ModelList;
  promptDetails: library.PromptTokensDetails;
  tokenLogprob: library.TokenLogprob;
  usage: library.CompletionUsage;
}

interface Results {
  adjustment: library.Adjustment;
  attempt: library.Attempt;
  balance: library.Balance;
  cost: library.Cost;
  // `stack` and `cause` are TypeScript's own.
  error: Omit<library.ChatError, keyof Error>;
  errorInit: library.ChatErrorInit;
  errorIssue: library.ErrorIssue;
  prepared: library.PreparedRequest;
  report: library.Report;
  reportIssue: library.ReportIssue;
  reportUsage: library.ReportUsage;
  breakerRecord: library.BreakerRecord;
  callTotals: library.CallTotals;
  fittedMessages: library.FittedMessages;
  health: library.VendorHealth;
  timings: library.Timings;
  totalCost: library.TotalCost;
  totals: library.Totals;
}

interface Options {
  aimlapi: library.AimlapiOptions;
  client: library.ClientOptions;
  deepseek: library.DeepSeekOptions;
  fetch: library.FetchTransportOptions;
  fitMessages: library.FitMessagesOptions;
  hooks: library.Hooks;
  lease: library.LeaseWish;
  limits: NonNullable<library.ClientOptions['limits']>;
  logger: library.Logger;
  memoryState: library.MemoryStateOptions;
  pricing: library.Pricing;
  profile: library.Profile;
  provider: library.Provider;
  providerOptions: library.ProviderOptions;
  providerSpec: library.ProviderSpec;
  request: library.RequestOptions;
  response: library.ToResponseInit;
  sse: library.ToSSEStreamInit;
  nodeResponse: library.NodeResponseLike;
  shortapi: library.ShortapiOptions;
  timeout: library.TimeoutOptions;
  transport: library.Transport;
  transportRequest: library.TransportRequest;
  transportResponse: library.TransportResponse;
  undici: library.UndiciTransportOptions;
}

interface Testing {
  answer: testing.EmulatorAnswer;
  error: testing.EmulatorError;
  options: testing.EmulatorOptions;
  script: testing.EmulatorScript;
}

type IsIndexed<T> = string extends keyof T ? true : false;

/** Names of the types with an index signature. */
type Indexed<Types> = {
  [Name in keyof Types]: true extends IsIndexed<Types[Name]> ? Name : never;
}[keyof Types];

/**
 * Optional keys that may be left out, but not be `undefined`. This project compiles with `exactOptionalPropertyTypes`,
 * so the two differ.
 */
type Exact<T> = {
  [K in keyof T]-?: {} extends Pick<T, K>
    ? { [P in K]: undefined } extends Pick<T, K>
      ? never
      : K
    : never;
}[keyof T];

/** `name.key` for each of them. */
type ExactOptionals<Types> = {
  [Name in keyof Types]: `${Name & string}.${Exact<Types[Name]> & string}`;
}[keyof Types];

test('no request and no response has an index signature', () => {
  expectTypeOf<Indexed<Requests>>().toBeNever();
  expectTypeOf<Indexed<Responses>>().toBeNever();
});

test('every optional field takes undefined', () => {
  expectTypeOf<ExactOptionals<Requests>>().toBeNever();
  expectTypeOf<ExactOptionals<Responses>>().toBeNever();
  expectTypeOf<ExactOptionals<Results>>().toBeNever();
});

test('every option takes undefined', () => {
  expectTypeOf<ExactOptionals<Options>>().toBeNever();
  expectTypeOf<ExactOptionals<Testing>>().toBeNever();
});
