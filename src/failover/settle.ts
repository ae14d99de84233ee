import { tellEnd } from '../call/hooks.ts';
import { startReport } from '../call/call-parts.ts';
import { noteUnpriced } from '../cost/unpriced.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import { attachToError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import { addIssue } from '../outcome/report-issues.ts';
import { warnOnce } from '../outcome/warn.ts';
import { addEarlier } from './combine.ts';
import type { Route } from './route.ts';
import type { Turn } from './turn.ts';

/** Makes the report of the vendor whose answer counts that of the call. */
export function settle(route: Route, turn: Turn, report: Report): void {
  const changes = route.adjustments(turn);
  if (changes !== undefined) {
    report.adjustments.unshift(...changes);
    if (route.rules.onUnsupported === 'warn') warnOnce(turn.candidate.name, changes);
  }
  complete(route, report);
  tellEnd(route.rules, report);
}

/**
 * Gives the error of the call a report of all that was tried.
 *
 * @param given the report that its reader has already
 */
export function failWith(route: Route, error: ChatError, given?: Report): ChatError {
  route.bounds.end();
  const own = given ?? error.report ?? route.earlier.at(-1);
  const report = own ?? startReport(route.rules.candidates[0].provider);
  route.forget(report);
  report.completion = 'interrupted';
  complete(route, report);
  attachToError(error, { report });
  // What was refused before anything was sent is no call.
  const last = report.attempts.at(-1);
  if (last !== undefined) route.rules.totals.addCall(last.provider);
  tellEnd(route.rules, report, error);
  return error;
}

function complete(route: Route, report: Report): void {
  addEarlier(report, route.earlier, route.bounds.startedAtMs, route.place);
  noteUnpriced(report);
  for (const issue of route.issues) addIssue(report.issues, issue);
  if (route.queuedMs > 0) report.timings.queuedMs = route.queuedMs;
  report.timings.totalMs ??= route.rules.clock.now() - route.bounds.startedAtMs;
}
