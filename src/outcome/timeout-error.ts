import type { TimeoutPhase } from './error-codes.ts';
import { ChatError } from './chat-error.ts';

const waitedFor: Record<TimeoutPhase, string> = {
  connect: 'the connection did not stand',
  headers: 'no response head came',
  idle: 'no bytes came',
  stall: 'bytes came, but no content',
  total: 'the answer was not whole',
  unread: 'nobody read the stream',
};

/** A `timeout` that says which clock ran out, and how to change it. */
export function timeoutError(phase: TimeoutPhase, limitMs: number, hint = ''): ChatError {
  const message = `Timed out: ${waitedFor[phase]} for ${limitMs} ms (option timeout.${phase})${hint}`;
  return new ChatError('timeout', message, { phase, retryable: phase !== 'unread' });
}
