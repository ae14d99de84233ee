import type {
  ChatCompletionMessage,
  ChatStream,
  CompletionState,
  Report,
  ToolRun,
} from '../../index.ts';
import type { UIMessageMetadata, UIMessagePart } from './ui-specification.ts';

type UIFinishReason = Extract<UIMessagePart, { type: 'finish' }>['finishReason'];

/** Pages have only one word for every end that is not normal. */
export function finishReasonOf(
  { tool_calls = [] }: ChatCompletionMessage,
  completion: CompletionState,
): UIFinishReason {
  switch (completion) {
    case 'complete':
      return tool_calls.length > 0 ? 'tool-calls' : 'stop';
    case 'length':
    case 'reasoning_exhausted':
      return 'length';
    case 'content_filter':
      return 'content-filter';
    default:
      return 'error';
  }
}

/** A run that has no answer yet has none. */
export function metadataOfSource(source: ChatStream | ToolRun): {
  messageMetadata?: UIMessageMetadata;
} {
  if (!('final' in source)) return { messageMetadata: { flash: toldOf(source.report) } };
  const { steps, usage, cost } = source;
  const last = steps.at(-1)?.completion.report;
  if (last === undefined) return {};
  return { messageMetadata: { flash: { ...toldOf(last), usage, cost, steps: steps.length } } };
}

function toldOf({ provider, model, usage, cost, timings, completion }: Report) {
  return { provider, model, usage, cost, timings, completion };
}
