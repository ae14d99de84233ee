import { median } from './statistics.mjs';

/** The median of one number of all runs of a contestant. */
export const medianOf = ({ runs }, read) => median(runs.map(read));

/** Numbers as people read them: three digits that count. */
export function round(value, unit = '') {
  if (value === undefined || Number.isNaN(value)) return '';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, digits === 0 ? ',' : '');
  return unit === '' ? text : `${text} ${unit}`;
}

/**
 * A row for each contestant: what it cost, and how often that is what the first of them cost.
 *
 * @param {{ subject: object, runs: object[], failed?: string }[]} contestants
 * @param {Record<string, (contestant: object) => number>} columns the first one is what the ratios are of
 * @param {string[]} ratiosTo names of subjects
 */
export function createRows(contestants, columns, ratiosTo = ['bare']) {
  const [[, main]] = Object.entries(columns);
  const valueOf = (name) => {
    const found = contestants.find(({ subject }) => subject.name === name);
    return found === undefined || found.failed !== undefined ? undefined : main(found);
  };
  const floors = ratiosTo.map((name) => [name, valueOf(name)]);
  return contestants.map((contestant) => {
    const { subject, failed } = contestant;
    if (failed !== undefined) return { subject: subject.name, label: subject.label, failed };
    const values = Object.entries(columns).map(([title, read]) => [title, read(contestant)]);
    const ratios = floors.map(([name, floor]) => [name, main(contestant) / floor]);
    return {
      subject: subject.name,
      label: subject.label,
      values: Object.fromEntries(values),
      ratios: Object.fromEntries(ratios.filter(([, ratio]) => Number.isFinite(ratio))),
      // What was read has been checked, and only its cost is of interest.
      runs: contestant.runs.map(({ result: _result, expected: _expected, ...cost }) => cost),
    };
  });
}
