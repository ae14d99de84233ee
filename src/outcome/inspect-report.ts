import type { Report } from './report.ts';

/** Who answered, how it ended, tokens, money, times and attempts. */
export function inspectReport({
  provider,
  model,
  completion,
  usage,
  cost,
  unpriced,
  timings,
  attempts,
  adjustments,
  issues,
}: Report): string {
  const { firstReasoningMs, firstContentMs, totalMs } = timings;
  const firstMs = firstReasoningMs ?? firstContentMs;
  const failures = attempts.flatMap(({ error }) => error ?? []);
  const parts = [
    `${provider} ${model}: ${completion}`,
    usage && `${usage.prompt_tokens ?? '?'} + ${usage.completion_tokens ?? '?'} tokens`,
    cost && `$${cost.usd}`,
    unpriced !== undefined && `${counted(unpriced, 'send')} of unknown cost`,
    firstMs !== undefined && `first token after ${Math.round(firstMs)} ms`,
    totalMs !== undefined && `total ${Math.round(totalMs)} ms`,
    counted(attempts.length, 'attempt') + (failures.length > 0 ? ` (${failures.join(', ')})` : ''),
    adjustments.length > 0 && counted(adjustments.length, 'adjustment'),
    issues.length > 0 && counted(issues.length, 'issue'),
  ];
  return `Report { ${parts.filter(Boolean).join(', ')} }`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
