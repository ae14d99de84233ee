// Entry `deepseek-v4-flash/ai-sdk`: a provider for the AI SDK, and streams for its `useChat`.
export { createFlash, flash } from './create-flash.ts';
export type { FlashProvider, FlashSettings } from './create-flash.ts';
export type {
  ByProvider,
  FlashMetadata,
  FlashModel,
  FlashProviderMetadata,
  ModelCallOptions,
  ModelContent,
  ModelFinishReason,
  ModelGenerateResult,
  ModelStreamPart,
  ModelStreamResult,
  ModelTool,
  ModelUsage,
  ModelWarning,
  PromptMessage,
  PromptPart,
  SpecificationVersion,
  WebStream,
} from './specification.ts';

export {
  pipeUIMessageStreamToResponse,
  toUIMessageStream,
  toUIMessageStreamResponse,
} from './ui-stream.ts';
export type { ToUIMessageStreamInit, ToUIMessageStreamResponseInit } from './ui-stream.ts';
export type { UIMessageMetadata, UIMessagePart } from './ui-specification.ts';
export { fromUIMessages } from './ui-messages.ts';
export type { FromUIMessages, UIMessageLike, UIMessagePartLike } from './ui-messages.ts';
