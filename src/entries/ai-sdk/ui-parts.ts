import type {
  ChatError,
  ChatStream,
  ChatStreamEvent,
  ToolResult,
  ToolRun,
  ToolRunEvent,
} from '../../index.ts';
import { ChatError as OwnError, isChatError, sentence } from '../../index.ts';
import type { BlockPart } from './blocks.ts';
import { createBlocks } from './blocks.ts';
import { toChatError } from './errors.ts';
import type { UIMessageMetadata, UIMessagePart } from './ui-specification.ts';
import { finishReasonOf, metadataOfSource } from './ui-metadata.ts';

/** Turns events into parts for a page. */
export interface UIParts {
  messageId?: string | undefined;
  onError?: ((error: ChatError) => string | undefined) | undefined;
  onReset?: 'reset-step' | 'error' | undefined;
  report?: boolean | undefined;
}

/**
 * A stream or a run as a message for pages. It comes to an end in any case: an error is a part of it. Taken at once, so
 * that whoever waits for the end beside it, to store it, does not read the events himself.
 */
export function uiParts(
  source: ChatStream | ToolRun,
  init: UIParts,
): AsyncGenerator<UIMessagePart, undefined> {
  return readParts(source, begin<ToolRunEvent>(source.events()), init);
}

/** Asks for the first one now: a view takes its stream no earlier. */
function begin<Item>(items: AsyncIterator<Item, undefined>): AsyncIterable<Item> {
  let first: Promise<IteratorResult<Item, undefined>> | undefined = items.next();
  first.catch(() => {});
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        const item = first ?? items.next();
        first = undefined;
        return item;
      },
      return: async () => (await items.return?.()) ?? { done: true, value: undefined },
    }),
  };
}

async function* readParts(
  source: ChatStream | ToolRun,
  events: AsyncIterable<ToolRunEvent>,
  init: UIParts,
): AsyncGenerator<UIMessagePart, undefined> {
  const { messageId, report = true } = init;
  const isRun = 'final' in source;
  const writer = createWriter(init);
  const withMetadata = (): { messageMetadata?: UIMessageMetadata } =>
    report ? metadataOfSource(source) : {};
  yield { type: 'start', ...(messageId !== undefined && { messageId }) };
  try {
    if (!isRun) yield { type: 'start-step' };
    for await (const event of events) yield* writer.write(event);
    const { completion, state } = isRun
      ? await source.final().then(({ completion }) => ({ completion, state: completion.report }))
      : { completion: await source.finalCompletion(), state: source.report };
    yield* writer.close();
    if (!isRun) yield { type: 'finish-step' };
    const finishReason = finishReasonOf(completion.choices[0].message, state.completion);
    if (finishReason === 'error') {
      const message = 'The answer did not end normally';
      const error = new OwnError('stream_interrupted', message);
      yield { type: 'error', errorText: sentence(error, init.onError) };
    }
    yield { type: 'finish', finishReason, ...withMetadata() };
  } catch (thrown) {
    const error = toChatError(thrown);
    yield* writer.close();
    if (isChatError(error, 'aborted')) yield { type: 'abort' };
    else yield { type: 'error', errorText: sentence(error, init.onError) };
    yield { type: 'finish', finishReason: 'error', ...withMetadata() };
  }
}

/** What a visitor is shown for a call without a result: nothing from the tool itself. */
const failureWords: Record<NonNullable<ToolResult['failure']>, string> = {
  unknown_tool: 'There is no such tool.',
  invalid_arguments: 'The tool was called with invalid arguments.',
  not_approved: 'The call was not approved.',
  tool_error: 'The tool failed.',
  not_run: 'The call was not run.',
  interrupted: 'The call was interrupted.',
  needs_approval: 'The call is waiting for approval.',
};

function createWriter(init: Pick<UIParts, 'onReset'>) {
  const blocks = createBlocks();
  /** Calls whose result has been sent. */
  const announcedCalls = new Set<string>();
  return {
    close: () => renamed(blocks.close()),
    *write(event: ToolRunEvent): Generator<UIMessagePart> {
      switch (event.type) {
        case 'step.start':
          yield { type: 'start-step' };
          break;
        case 'reset':
          // Asked for now: who has left since then need not be told.
          if (init.onReset === 'error') {
            const message =
              'The answer was restarted, and the page cannot take back what it already shows';
            throw new OwnError('stream_interrupted', message);
          }
          blocks.reset();
          yield { type: 'reset-step' };
          break;
        case 'tool.approval': {
          const { id } = event.tool_call;
          // The decision about a call is asked for and given by the call's own id.
          yield { type: 'tool-approval-request', approvalId: id, toolCallId: id };
          break;
        }
        case 'tool.result':
          announcedCalls.add(event.result.tool_call.id);
          yield resultPart(event.result);
          break;
        case 'step.done':
          // No call of a truncated answer was run, and no result was sent for it yet.
          for (const result of event.step.results) {
            if (result.failure === 'needs_approval' || announcedCalls.has(result.tool_call.id))
              continue;
            yield resultPart(result);
          }
          announcedCalls.clear();
          yield* renamed(blocks.close());
          yield { type: 'finish-step' };
          break;
        default:
          yield* renamed(answerParts(event, blocks));
          if (event.type === 'tool_call.done') yield callPart(event);
      }
    },
  };
}

function answerParts(event: ToolRunEvent, blocks: ReturnType<typeof createBlocks>): BlockPart[] {
  switch (event.type) {
    case 'reasoning.delta':
    case 'content.delta':
      if (event.choice !== 0) return [];
      return blocks.text(event.type === 'content.delta' ? 'text' : 'reasoning', event.delta);
    case 'tool_call.delta':
      return event.choice === 0 ? blocks.call(event) : [];
    case 'tool_call.done': {
      const { name, text } = calledOf(event);
      return blocks.endCall(event.tool_call.id, name, text);
    }
    default:
      return [];
  }
}

type Done = Extract<ChatStreamEvent, { type: 'tool_call.done' }>;

function calledOf({ tool_call: call }: Done): { name: string; text: string } {
  return call.type === 'function'
    ? { name: call.function.name, text: call.function.arguments }
    : { name: call.custom.name, text: call.custom.input };
}

function callPart(event: Done): UIMessagePart {
  const { name, text } = calledOf(event);
  return {
    type: 'tool-input-available',
    toolCallId: event.tool_call.id,
    toolName: name,
    input: parsed(text),
  };
}

function resultPart({ tool_call: { id }, content, failure }: ToolResult): UIMessagePart {
  if (failure === undefined) {
    return { type: 'tool-output-available', toolCallId: id, output: parsed(content) };
  }
  if (failure === 'not_approved') return { type: 'tool-output-denied', toolCallId: id };
  return { type: 'tool-output-error', toolCallId: id, errorText: failureWords[failure] };
}

/** A tool may return a string or a value; the model receives both as text. */
function parsed(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Pages call a call's id by another name, and hear of the end of its input with the whole of it. */
function* renamed(parts: readonly BlockPart[]): Generator<UIMessagePart> {
  for (const part of parts) {
    if (part.type === 'tool-input-start') {
      yield { type: part.type, toolCallId: part.id, toolName: part.toolName };
    } else if (part.type === 'tool-input-delta') {
      yield { type: part.type, toolCallId: part.id, inputTextDelta: part.delta };
    } else if (part.type !== 'tool-input-end') yield part;
  }
}
