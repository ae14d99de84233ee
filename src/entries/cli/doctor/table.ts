import type { Check, Examination } from './checks.ts';
import { checkNames } from './checks.ts';

/** One line a vendor, and below it what is not as it was believed. */
export function tableOf(examinations: readonly Examination[]): string {
  const head = ['vendor', ...checkNames, 'first', 'total'];
  const rows = examinations.map(({ vendor, checks, firstContentMs, totalMs }) => [
    vendor,
    ...checkNames.map((name) => cellOf(checks.find((each) => each.name === name))),
    milliseconds(firstContentMs),
    milliseconds(totalMs),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lineOf = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [lineOf(head), ...rows.map(lineOf), '', ...notesOf(examinations), ''].join('\n');
}

function cellOf(check: Check | undefined): string {
  if (check === undefined) return '-';
  if (check.verdict !== 'ok') return check.verdict.toUpperCase();
  // What differs from vendor to vendor is told, and not only that it is as known.
  return ['model', 'usage', 'cost'].includes(check.name) ? check.seen : short(check);
}

function short({ name, believed }: Check): string {
  if (name === 'thinking off') return believed.startsWith('can be') ? 'ok' : believed;
  return name === 'JSON' && believed.startsWith('has no') ? 'no mode' : 'ok';
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '-' : `${Math.round(value)} ms`;
}

function notesOf(examinations: readonly Examination[]): string[] {
  const notes = examinations.flatMap(({ vendor, checks, error }) => [
    ...checks
      .filter(({ verdict }) => verdict === 'differs')
      .map(
        ({ name, believed, seen }) =>
          `${vendor}: ${name}: the registry says "${believed}", and the answer says "${seen}".`,
      ),
    ...(error ? [`${vendor}: ${error.code}: ${error.message}`] : []),
  ]);
  return notes.length === 0 ? ['Everything is as the registry says.'] : notes;
}
