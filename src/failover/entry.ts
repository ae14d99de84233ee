import type { ChatError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import type { Turn } from './turn.ts';

/** What one vendor was asked for. */
export interface Entry<T> {
  /** What came of it. Rejects soon after it was cancelled. */
  result: Promise<T>;
  cancel(error: ChatError): void;
  /** Looks at what came. @throws ChatError why it is not taken */
  check?(value: T): void;
  /** Lets go of what came too late; gives its report, since it may have to be paid for. */
  discard(value: T): Report;
}

/** What the vendor gave whose answer counts. */
export interface Won<T> {
  turn: Turn;
  value: T;
}

export type Begin<T> = (turn: Turn) => Entry<T>;
