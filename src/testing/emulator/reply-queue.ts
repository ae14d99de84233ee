import { callSafely, checkReply, describeReply } from './check-reply.ts';
import type { EmulatorOptions } from './options.ts';
import type { EmulatorReply } from './reply.ts';
import type { EmulatorRequest } from './wire-request.ts';

/** The replies that wait for their requests, and what comes after them. */
export interface ReplyQueue {
  readonly pending: readonly EmulatorReply[];
  /** @throws ChatError `invalid_options`, and then none is added */
  add(...replies: EmulatorReply[]): void;
  /** The reply for a request; `undefined` if there is none. @throws ChatError `invalid_options` */
  next(request: EmulatorRequest): EmulatorReply | undefined;
  /** @throws Error if a reply is left */
  assertNone(): void;
}

export function createReplyQueue({ answer, unscripted = 'answer' }: EmulatorOptions): ReplyQueue {
  const pending: EmulatorReply[] = [];

  const ask = (request: EmulatorRequest): EmulatorReply | undefined => {
    const reply: unknown = answer && callSafely('answer', () => answer(request));
    if (reply === undefined) return undefined;
    if (reply instanceof Promise) {
      // Nobody else would take what it rejects with.
      reply.catch(() => {});
    }
    checkReply(reply, 'answer()');
    return reply;
  };

  return {
    pending,
    add(...replies) {
      for (const [index, reply] of replies.entries()) checkReply(reply, `replies.${index}`);
      pending.push(...replies);
    },
    next: (request) =>
      pending.shift() ?? ask(request) ?? (unscripted === 'answer' ? {} : undefined),
    assertNone() {
      const [next] = pending;
      if (next === undefined) return;
      const left = pending.length === 1 ? '1 reply' : `${pending.length} replies`;
      throw new Error(
        `The emulator has ${left} that no request has used; the next one is ${describeReply(next)}`,
      );
    },
  };
}
