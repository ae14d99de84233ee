import { customInspect, printer } from './printer.ts';
import type { Report } from './report.ts';

const printing: PropertyDescriptor = {
  enumerable: false,
  configurable: true,
  writable: true,
  value(this: Report): unknown {
    return printer?.report(this) ?? this;
  },
};

/** Lets Node print a report as one line. For JSON, comparisons and copies it is the same as before. */
export function printable(report: Report): Report {
  return Object.defineProperty(report, customInspect, printing);
}
