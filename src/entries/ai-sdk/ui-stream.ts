import type {
  ChatError,
  ChatStream,
  NodeResponseLike,
  OwnForm,
  ToolRun,
  WebResponse,
} from '../../index.ts';
import { ChatError as OwnError, checkInit, handOnOwn, sentence } from '../../index.ts';
import { toWebStream } from './items.ts';
import type { WebStream } from './specification.ts';
import { uiParts } from './ui-parts.ts';
import type { UIMessagePart } from './ui-specification.ts';

// Answers as the AI SDK's pages read them (`useChat`), so that a server of ours needs no `ai`.

/** How a stream or a run is handed to `useChat`. */
export interface ToUIMessageStreamInit {
  /** Id of the message. @default the page makes one */
  messageId?: string | undefined;
  /** What a visitor is told of an error. @default one sentence a code, none of it the vendor's */
  onError?: ((error: ChatError) => string) | undefined;
  /**
   * What becomes of an answer that begins anew: `reset-step` takes back what was shown of it, which `ai` 6 does not know;
   * there, `error` ends it with one.
   *
   * @default 'reset-step'
   */
  onReset?: 'reset-step' | 'error' | undefined;
  /** A part in its place, or `undefined` to leave it out: reasoning need not reach visitors. */
  transform?: ((part: UIMessagePart) => UIMessagePart | undefined) | undefined;
  /** Whether the message's metadata tell provider, model, usage, cost, timings and completion. @default true */
  report?: boolean | undefined;
}

/** How it becomes a response. */
export interface ToUIMessageStreamResponseInit extends ToUIMessageStreamInit {
  /** Milliseconds without anything sent after which a comment is. `Infinity` for none. @default 15_000 */
  keepAliveMs?: number | undefined;
  /** HTTP status. @default 200 */
  status?: number | undefined;
  /** Beside ours, or in their place. */
  headers?: Record<string, string> | undefined;
}

const names = ['messageId', 'onError', 'onReset', 'transform', 'report'];

/**
 * A stream or a run as parts of a UI message: objects, as `createUIMessageStreamResponse` and `readUIMessageStream` of `ai`
 * take them. Whoever cancels it ends the request.
 *
 * @throws ChatError `invalid_options`
 */
export function toUIMessageStream(
  source: ChatStream | ToolRun,
  init: ToUIMessageStreamInit & { onReset: 'error' },
): WebStream<Exclude<UIMessagePart, { type: 'reset-step' }>>;
export function toUIMessageStream(
  source: ChatStream | ToolRun,
  init?: ToUIMessageStreamInit,
): WebStream<UIMessagePart>;
export function toUIMessageStream(
  source: ChatStream | ToolRun,
  init?: ToUIMessageStreamInit,
): WebStream<UIMessagePart> {
  checkInit(init, false, names);
  const parts = shownParts(source, checkOwn(init ?? {}));
  return toWebStream(parts, () => source.abort());
}

/** The same as a web `Response`, as `useChat` reads it. A visitor who leaves ends the request. */
export function toUIMessageStreamResponse(
  source: ChatStream | ToolRun,
  init?: ToUIMessageStreamResponseInit,
): WebResponse {
  return handOnOwn(formOf(source), init).response();
}

/** The same over a `node:http` response. Resolves when all is sent. A visitor who leaves ends the request. */
export function pipeUIMessageStreamToResponse(
  source: ChatStream | ToolRun,
  response: NodeResponseLike,
  init?: ToUIMessageStreamResponseInit,
): Promise<void> {
  return handOnOwn(formOf(source), init).node(response);
}

function formOf(source: ChatStream | ToolRun): OwnForm<ToUIMessageStreamResponseInit> {
  return {
    names: ['keepAliveMs', ...names],
    headers: { 'x-vercel-ai-ui-message-stream': 'v1' },
    open(init) {
      const parts = shownParts(source, checkOwn(init));
      return {
        async next() {
          const { done, value } = await parts.next();
          return done
            ? { data: ['[DONE]'], isLast: true }
            : { data: [JSON.stringify(value)], isLast: false };
        },
        failed(cause) {
          // Everything else is a part already.
          const message = 'The function given as transform failed';
          const error = new OwnError('invalid_options', message, { cause });
          return [JSON.stringify({ type: 'error', errorText: sentence(error, init.onError) })];
        },
        leave: () => source.abort(),
      };
    },
  };
}

/** @throws ChatError `invalid_options` */
function checkOwn(init: ToUIMessageStreamInit): ToUIMessageStreamInit {
  const { onReset } = init;
  if (onReset != null && onReset !== 'reset-step' && onReset !== 'error') {
    const message = 'Option onReset must be one of reset-step, error';
    throw new OwnError('invalid_options', message, { param: 'onReset' });
  }
  return init;
}

async function* shownParts(
  source: ChatStream | ToolRun,
  init: ToUIMessageStreamInit,
): AsyncGenerator<UIMessagePart, undefined> {
  const { transform } = init;
  for await (const part of uiParts(source, init)) {
    const shown = transform == null ? part : transform(part);
    if (shown !== undefined) yield shown;
  }
}
