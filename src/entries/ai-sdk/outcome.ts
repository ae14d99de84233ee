import type { ChatCompletion, ChatError, Report } from '../../index.ts';
import type {
  FlashMetadata,
  FlashProviderMetadata,
  ModelContent,
  ModelFinishReason,
  ModelUsage,
  ModelWarning,
  SpecificationVersion,
} from './specification.ts';

// What came of a call, in the specification's words.

/** Adjustments that may change the answer. The others are in the metadata and need no warning. */
export function warningsOf({ adjustments }: Report): ModelWarning[] {
  return adjustments
    .filter(({ lossy }) => lossy)
    .map(({ param, action, reason }) => ({
      type: action === 'dropped' || action === 'ineffective' ? 'unsupported' : 'compatibility',
      feature: param,
      details: `${action}: ${reason}`,
    }));
}

export function usageOf({ usage = {} }: Report): ModelUsage {
  const { prompt_tokens, completion_tokens, completion_tokens_details: details } = usage;
  const reasoning = details?.reasoning_tokens;
  return {
    inputTokens: {
      total: prompt_tokens,
      noCache: usage.prompt_cache_miss_tokens,
      cacheRead: usage.prompt_cache_hit_tokens,
      cacheWrite: undefined,
    },
    outputTokens: {
      total: completion_tokens,
      text:
        completion_tokens === undefined
          ? undefined
          : Math.max(0, completion_tokens - (reasoning ?? 0)),
      reasoning,
    },
  };
}

/** Whether the calls of an answer may be run: only after a good end. */
function mayRun(report: Report): boolean {
  return report.completion === 'complete';
}

export function contentOf(
  { choices: [{ message }] }: ChatCompletion,
  report: Report,
): ModelContent[] {
  const content: ModelContent[] = [];
  if (message.reasoning_content)
    content.push({ type: 'reasoning', text: message.reasoning_content });
  const text = message.content || message.refusal;
  if (text) content.push({ type: 'text', text });
  if (mayRun(report)) content.push(...callsOf(message));
  return content;
}

/** The calls of functions: `ai` knows no others. */
export function callsOf({
  tool_calls = [],
}: ChatCompletion['choices'][0]['message']): Extract<ModelContent, { type: 'tool-call' }>[] {
  return tool_calls.flatMap((call) =>
    call.type === 'function'
      ? [
          {
            type: 'tool-call' as const,
            toolCallId: call.id,
            toolName: call.function.name,
            input: call.function.arguments,
          },
        ]
      : [],
  );
}

/** How a complete answer ended. An ambiguous call does not count as a call, and an answer with only such calls is an error. */
export function finishOf<Version extends SpecificationVersion>(
  { choices: [{ message, finish_reason }] }: ChatCompletion,
  report: Report,
  version: Version,
): ModelFinishReason<Version> {
  const raw = finish_reason ?? undefined;
  switch (report.completion) {
    case 'complete': {
      const isBroken = (message.invalid_tool_calls ?? []).length > 0;
      const unified = callsOf(message).length > 0 ? 'tool-calls' : isBroken ? 'error' : 'stop';
      return { unified, raw };
    }
    case 'length':
    case 'reasoning_exhausted':
      return { unified: 'length', raw };
    case 'content_filter':
      return { unified: 'content-filter', raw };
    default:
      return interrupted(version, raw);
  }
}

/** V3 has no word for an answer that was cut off. */
export function interrupted<Version extends SpecificationVersion>(
  version: Version,
  raw?: string,
): ModelFinishReason<Version> {
  const unified = version === 'v4' ? 'interrupted' : 'error';
  return { unified, raw } as ModelFinishReason<Version>;
}

/** The content of `providerMetadata`: no key, no prompt, no answer. */
export function metadataOf(
  report: Report,
  completion?: ChatCompletion,
  error?: ChatError,
): FlashProviderMetadata {
  const { provider, model, requestId, cost, timings, adjustments, issues } = report;
  const withheld = completion === undefined ? [] : withheldCalls(completion, report);
  const flash: FlashMetadata = {
    vendor: provider,
    model,
    ...(requestId !== undefined && { requestId }),
    attempts: report.attempts.map((attempt) => {
      const { number, durationMs, status } = attempt;
      const { provider: vendor } = attempt as { provider?: string };
      return {
        number,
        durationMs,
        ...(status !== undefined && { status }),
        ...(attempt.error !== undefined && { error: attempt.error }),
        ...(vendor !== undefined && { provider: vendor }),
      };
    }),
    ...(cost !== undefined && {
      cost: {
        usd: cost.usd,
        source: cost.source,
        ...(cost.priceDate !== undefined && { priceDate: cost.priceDate }),
      },
    }),
    completion: report.completion,
    ...(error !== undefined && { error: { code: error.code, message: error.message } }),
    timings: { ...timings },
    adjustments: adjustments.map(({ param, action, lossy, reason }) => {
      return { param, action, lossy, reason };
    }),
    issues: issues.map(({ code, message }) => ({ code, message })),
    ...(withheld.length > 0 && { withheldToolCalls: withheld }),
  };
  return { flash };
}

function withheldCalls(
  { choices: [{ message }] }: ChatCompletion,
  report: Report,
): { name: string; reason: string }[] {
  const broken = (message.invalid_tool_calls ?? []).map(({ function: { name = '' }, reason }) => {
    return { name, reason };
  });
  const unrun = mayRun(report) ? [] : callsOf(message);
  const reason = 'the answer did not end normally';
  return [...broken, ...unrun.map(({ toolName }) => ({ name: toolName, reason }))];
}
