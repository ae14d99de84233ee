import type { TimeoutPhase } from './error-codes.ts';
import { ChatError } from './chat-error.ts';

const reasons: Record<TimeoutPhase, string> = {
  connect: 'could not connect within',
  headers: 'no response headers within',
  idle: 'no bytes for',
  stall: 'only keep-alives and no content for',
  total: 'the call took longer than',
  unread: 'the stream was not read for',
};

/** A `timeout` that says which limit was exceeded, and which option changes it. */
export function timeoutError(phase: TimeoutPhase, limitMs: number, hint = ''): ChatError {
  const message = `Timed out: ${reasons[phase]} ${limitMs} ms (option timeout.${phase})${hint}`;
  return new ChatError('timeout', message, { phase, retryable: phase !== 'unread' });
}
