import type { ChatError } from '../outcome/chat-error.ts';
import type { Turn } from './turn.ts';

/** What one vendor was asked for. */
export interface Entry<T> {
  /** What came of it. Rejects soon after it was cancelled. */
  result: Promise<T>;
  cancel(error: ChatError): void;
  /** Lets go of what came too late. */
  discard?(value: T): void;
}

/** What the vendor gave whose answer counts. */
export interface Won<T> {
  turn: Turn;
  value: T;
}

export type Begin<T> = (turn: Turn) => Entry<T>;
