import { inspectErrorsBy } from './chat-error.ts';
import { inspectError } from './inspect-error.ts';
import { inspectReport } from './inspect-report.ts';
import { inspectReportsBy } from './printable-report.ts';

/** Lets Node print errors and reports in a few lines. */
export function printBriefly(): void {
  inspectErrorsBy(inspectError);
  inspectReportsBy(inspectReport);
}
