import type { ChatCompletion, ChatCompletionChunk, ChatStream } from '../../index.ts';
import { ChatError, isChatError } from '../../index.ts';
import type { BlockPart } from './blocks.ts';
import { createBlocks } from './blocks.ts';
import { toChatError, whyAborted } from './errors.ts';
import { callsOf, finishOf, interrupted, metadataOf, usageOf, warningsOf } from './outcome.ts';
import type {
  ModelCallOptions,
  ModelStreamPart,
  ModelWarning,
  SpecificationVersion,
} from './specification.ts';

export interface StreamedCall<Version extends SpecificationVersion> {
  version: Version;
  asked: ModelCallOptions;
  warnings: ModelWarning[];
}

/** A stream of ours as one of the specification. @throws the reason of the caller's signal */
export async function* streamParts<Version extends SpecificationVersion>(
  chat: ChatStream,
  { version, asked, warnings }: StreamedCall<Version>,
): AsyncGenerator<ModelStreamPart<Version>, undefined> {
  yield { type: 'stream-start', warnings: [...warnings, ...warningsOf(chat.report)] };
  // The specification has no word for a restart, and `ai` would put the second answer behind the first.
  chat.refuseResets();
  const blocks = createBlocks();
  let isFirst = true;
  try {
    for await (const chunk of chat) {
      if (asked.includeRawChunks) yield { type: 'raw', rawValue: chunk };
      if (isFirst && chunk.choices.length > 0) {
        isFirst = false;
        const { id, created, model } = chunk;
        yield {
          type: 'response-metadata',
          id,
          timestamp: new Date(created * 1000),
          modelId: model,
        };
      }
      yield* chunkParts(chunk, blocks);
    }
    const completion = await chat.finalCompletion();
    yield* endParts(completion, chat, blocks, version);
  } catch (error) {
    const aborted = whyAborted(error, asked.abortSignal);
    if (aborted !== undefined) throw aborted.reason;
    yield* blocks.close();
    yield* failureParts(toChatError(error), chat, version);
  }
}

type Blocks = ReturnType<typeof createBlocks>;

function* chunkParts(chunk: ChatCompletionChunk, blocks: Blocks): Generator<BlockPart> {
  // Of several answers `ai` knows one.
  const delta = chunk.choices.find(({ index }) => index === 0)?.delta;
  if (delta === undefined) return;
  if (delta.reasoning_content) yield* blocks.text('reasoning', delta.reasoning_content);
  if (delta.content) yield* blocks.text('text', delta.content);
  for (const { index, id, function: called } of delta.tool_calls ?? []) {
    if (called === undefined) continue;
    yield* blocks.call({ index, id, name: called.name, delta: called.arguments ?? '' });
  }
}

function* endParts<Version extends SpecificationVersion>(
  completion: ChatCompletion,
  chat: ChatStream,
  blocks: Blocks,
  version: Version,
): Generator<ModelStreamPart<Version>> {
  const { report } = chat;
  const { message, finish_reason } = completion.choices[0];
  if (!message.content && message.refusal) yield* blocks.text('text', message.refusal);
  if (report.completion === 'complete') {
    for (const call of callsOf(message)) {
      yield* blocks.endCall(call.toolCallId, call.toolName, call.input);
      yield call;
    }
  }
  yield* blocks.close();
  const finishReason = finishOf(completion, report, version);
  if (finishReason.unified === 'error') {
    const what =
      report.completion === 'complete'
        ? 'The answer contains no readable tool call, although a tool call was expected'
        : `The vendor ended the answer with the finish_reason ${finish_reason}, so it is incomplete`;
    yield { type: 'error', error: new ChatError('stream_interrupted', what, { report }) };
  }
  const providerMetadata = metadataOf(report, completion);
  yield { type: 'finish', usage: usageOf(report), finishReason, providerMetadata };
}

function* failureParts<Version extends SpecificationVersion>(
  error: ChatError,
  { report }: ChatStream,
  version: Version,
): Generator<ModelStreamPart<Version>> {
  const isCut = isChatError(error, 'stream_interrupted');
  const finishReason = isCut ? interrupted(version) : { unified: 'error' as const, raw: undefined };
  if (finishReason.unified === 'error') yield { type: 'error', error };
  const providerMetadata = metadataOf(report, undefined, error);
  yield { type: 'finish', usage: usageOf(report), finishReason, providerMetadata };
}
