import type { ComposedAnswer } from './answer.ts';
import type { ErrorForm, RenderError } from './error-words.ts';

// What can differ between two vendors' answers, and what most of them share.

/** How one vendor writes. */
export interface Dialect {
  /** Beside `content-type`, on every answer. */
  headers: Record<string, string>;
  /** Sent before the first event. */
  keepAlive: string;
  /** What every body and event begins with. */
  top(object: string, model: string): Record<string, unknown>;
  /** Deltas that open a message. */
  opening: Record<string, unknown>[];
  /** A piece of reasoning, as the fields of a choice. */
  reasoningDelta(text: string): Record<string, unknown>;
  contentDelta(text: string): Record<string, unknown>;
  /** Fields of a choice beside `finish_reason`, at the end. */
  choiceEnd: Record<string, unknown>;
  /** Where the counts go in a stream. */
  usagePlace: 'on the finish chunk' | 'on a chunk of its own';
  /** Whether counts are sent only if asked for. */
  usageOnRequest: boolean;
  /** `usage` and the fields about cost. */
  usage(answer: ComposedAnswer): Record<string, unknown>;
  /** The body with the balance of an account with 12.50 USD, where the profile has a path for it. */
  balance: unknown;
  /** Whose the model is, in the list of models. */
  modelOwner: string;
  /** Models that are sold beside `deepseek-v4-flash`, as the wire names them; `any`: nobody knows which. */
  otherModels: readonly string[] | 'any';
  /** Fields of a body that are documented, and of which the profile has nothing to say. */
  extraDocumented: readonly string[];
  renderError: RenderError;
}

/** A vendor's file: what its answers have that the plain ones, which follow from its profile, have not. */
export interface VendorDialect extends Partial<
  Omit<Dialect, 'headers' | 'otherModels' | 'renderError'>
> {
  otherModels: readonly string[];
  /** What the header with the request's id holds. The profile has its name. */
  requestId?: string | undefined;
  errors?: Partial<ErrorForm> | undefined;
}

const created = 1_795_000_000;

/** The beginning of bodies and events, as OpenAI has it. */
export function openaiTop(id: string): Dialect['top'] {
  return (object, model) => ({ id, object, created, model });
}

/** The three counts that everybody has. */
export function openaiUsage(answer: ComposedAnswer): Record<string, unknown> {
  return {
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.completionTokens,
    total_tokens: answer.promptTokens + answer.completionTokens,
  };
}
