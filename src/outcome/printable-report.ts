import type { Report } from './report.ts';

const customInspect = /* @__PURE__ */ Symbol.for('nodejs.util.inspect.custom');

/** What Node prints of a report. The full client gives it: a small one need not carry it. */
let inspect: ((report: Report) => string) | undefined;

/** How reports are printed from now on. */
export function inspectReportsBy(given: (report: Report) => string): void {
  inspect = given;
}

const printing: PropertyDescriptor = {
  enumerable: false,
  configurable: true,
  writable: true,
  value(this: Report): unknown {
    return inspect ? inspect(this) : this;
  },
};

/** Lets Node print a report as one line. For JSON, comparisons and copies it is the same as before. */
export function printable(report: Report): Report {
  return Object.defineProperty(report, customInspect, printing);
}
