import type { Report } from '../../index.ts';
import { isChatError } from '../../index.ts';
import type { Names } from './names.ts';
import type { Attributes, AttributeValue } from './types.ts';

/** What came of a call, as far as it is known. */
export interface Outcome {
  report?: Report | undefined;
  id?: string | undefined;
  model?: string | undefined;
  choices?: readonly { finish_reason?: string | null | undefined }[] | undefined;
  error?: unknown;
}

/** What is asked, before the answer. */
export function requestAttributes(params: object, names: Names): Attributes {
  const asked = params as Record<string, unknown>;
  const { type } = (asked.response_format ?? {}) as { type?: unknown };
  const { reasoning_effort } = (asked.thinking ?? {}) as { reasoning_effort?: unknown };
  return known({
    [names.maxTokens]: asked.max_tokens ?? asked.max_completion_tokens,
    [names.temperature]: asked.temperature,
    [names.topP]: asked.top_p,
    [names.frequencyPenalty]: asked.frequency_penalty,
    [names.presencePenalty]: asked.presence_penalty,
    [names.seed]: asked.seed,
    [names.stop]: typeof asked.stop === 'string' ? [asked.stop] : asked.stop,
    [names.reasoningLevel]: asked.reasoning_effort ?? reasoning_effort,
    // A schema is one of JSON.
    [names.outputType]:
      asked.response_format == null ? undefined : type === 'text' ? 'text' : 'json',
  });
}

/** Attributes from a report and an answer. */
export function outcomeAttributes(
  { report, id, model, choices, error }: Outcome,
  names: Names,
): Attributes {
  const { usage, cost } = report ?? {};
  return known({
    [names.provider]: report?.provider,
    [names.responseId]: id || undefined,
    [names.responseModel]: model || undefined,
    [names.finishReasons]: finishReasons(report, choices),
    [names.inputTokens]: usage?.prompt_tokens,
    [names.outputTokens]: usage?.completion_tokens,
    [names.cacheReadTokens]:
      usage?.prompt_cache_hit_tokens ?? usage?.prompt_tokens_details?.cached_tokens,
    [names.reasoningTokens]: usage?.completion_tokens_details?.reasoning_tokens,
    [names.cost]: cost && Number(cost.usd),
    [names.unpriced]: report?.unpriced,
    [names.costSource]: cost?.source,
    [names.attempts]: report?.attempts.length,
    [names.completion]: report?.completion,
    [names.requestId]: report?.requestId,
    [names.adjustments]: adjustments(report),
    [names.errorType]: errorType(error),
  });
}

/** The code of a ChatError; for any other error its class, never its message. */
export function errorType(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  if (isChatError(error)) return error.code;
  return error instanceof Error ? error.name : '_OTHER';
}

/** Without a good end it is `error`, as the conventions have it of a stream that ended before its last event. */
function finishReasons(
  report: Report | undefined,
  choices: Outcome['choices'],
): string[] | undefined {
  const isCut = report?.completion === 'interrupted';
  return choices?.map(({ finish_reason }) => (isCut ? 'error' : (finish_reason ?? 'error')));
}

function adjustments(report: Report | undefined): string[] | undefined {
  if (report === undefined || report.adjustments.length === 0) return undefined;
  return report.adjustments.slice(0, 50).map(({ param, action }) => `${param} ${action}`);
}

/** Drops missing values, and those that cannot be attributes. */
function known(values: Record<string, unknown>): Attributes {
  const isValue = (value: unknown): value is AttributeValue =>
    ['string', 'number', 'boolean'].includes(typeof value) ||
    (Array.isArray(value) && value.every((each) => typeof each === 'string'));
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, AttributeValue] => isValue(entry[1])),
  );
}
