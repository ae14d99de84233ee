import { ChatError } from './chat-error.ts';
import type { Report } from './report.ts';

/** The method by which Node prints an object. */
export const customInspect = /* @__PURE__ */ Symbol.for('nodejs.util.inspect.custom');

/** What Node prints of errors and reports. */
export interface Printer {
  error(error: ChatError, depth: number): string;
  report(report: Report): string;
}

/** The full client gives it: a page's reader need not carry it. */
export let printer: Printer | undefined;

/** How errors and reports are printed from now on: code, vendor, attempts and cure, in a few lines. */
export function printBy(given: Printer): void {
  if (printer === given) return;
  printer = given;
  Object.defineProperty(ChatError.prototype, customInspect, {
    configurable: true,
    value(this: ChatError, depth: number): string {
      return given.error(this, depth);
    },
  });
}
