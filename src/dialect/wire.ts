import type { ErrorIssue } from '../schema/issue.ts';
import { ChatError } from '../outcome/chat-error.ts';
import type { Shape } from '../schema/shape.ts';
import { misfits } from '../schema/shape.ts';

// What comes back, as loose as can be read without guessing. Only what nothing can be read without has a form here; every
// other field is looked at where it is read, so that one of a wrong type voids no answer. Unknown fields stay.

export interface WireMessage {
  /** A text, a part, or parts of which some are text. */
  content?: string | Record<string, unknown> | unknown[] | null | undefined;
  tool_calls?: unknown;
  [field: string]: unknown;
}

export interface WireChoice {
  message?: WireMessage | null | undefined;
  delta?: WireMessage | null | undefined;
  [field: string]: unknown;
}

interface WireAnswer {
  choices?: WireChoice[] | null | undefined;
  [field: string]: unknown;
}

const content = { either: ['string?', { record: {} }, { list: 'unknown' }] } as const;
const message = { maybe: { record: { content } } } as const;
const choices = { list: { record: { message, delta: message } } } as const;

/** A whole answer. @throws ChatError `invalid_response` */
export function readAnswer(body: unknown): WireAnswer & { choices: WireChoice[] } {
  const answer = fit<WireAnswer & { choices: WireChoice[] }>(
    { record: { choices } },
    body,
    'chat completion',
  );
  if (answer.choices.length > 0) return answer;
  throw unfit('chat completion', [
    { path: 'choices', message: 'must contain at least one choice' },
  ]);
}

/** One event of a stream. @throws ChatError `invalid_response` */
export function readEvent(data: unknown): WireAnswer {
  return fit<WireAnswer>({ record: { choices: { maybe: choices } } }, data, 'chunk');
}

function fit<T>(shape: Shape, value: unknown, what: string): T {
  const issues = misfits(shape, value);
  if (issues.length === 0) return value as T;
  throw unfit(what, issues);
}

function unfit(what: string, issues: readonly ErrorIssue[]): ChatError {
  const [first] = issues;
  const where = `${first?.path || 'body'}: ${first?.message}`;
  const message = `The vendor's answer is not a ${what}: ${where}`;
  return new ChatError('invalid_response', message, { issues });
}
