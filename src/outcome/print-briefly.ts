import type { Printer } from './printer.ts';
import { inspectError } from './inspect-error.ts';
import { inspectReport } from './inspect-report.ts';

/** Errors and reports in a few lines. */
export const briefly: Printer = { error: inspectError, report: inspectReport };
