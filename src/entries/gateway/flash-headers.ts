import type { Adjustment, Report } from '../../index.ts';

const maxNamed = 50;

type Named = Pick<Adjustment, 'param' | 'action'>;

/** Facts about a call as response headers: never a key, and of the vendor only its name and its request id. */
export function flashHeaders(
  report: Report | undefined,
  dropped: readonly Named[],
): Record<string, string> {
  const headers: Record<string, string> = {};
  const adjustments = [...dropped, ...(report?.adjustments ?? [])];
  if (adjustments.length > 0) headers['x-flash-adjustments'] = nameAll(adjustments);
  if (report === undefined) return headers;
  headers['x-flash-provider'] = plain(report.provider);
  headers['x-flash-attempts'] = String(report.attempts.length);
  if (report.completion !== 'running') headers['x-flash-completion'] = report.completion;
  if (report.cost !== undefined) headers['x-flash-cost-usd'] = plain(report.cost.usd);
  // The name under which OpenAI's clients look for it.
  if (report.requestId !== undefined) headers['x-request-id'] = plain(report.requestId);
  return headers;
}

/** `store dropped, messages.0.role renamed`. */
function nameAll(adjustments: readonly Named[]): string {
  const named = adjustments
    .slice(0, maxNamed)
    .map(({ param, action }) => `${plain(param).slice(0, 200)} ${action}`);
  const more = adjustments.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

/** Without what a header cannot hold: paths may have a visitor's words in them. */
function plain(text: string): string {
  return text.replaceAll(/[^\x21-\x2b\x2d-\x7e]/g, '_');
}
