import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

// The page about the bench says what was measured, and nothing else.

interface Row {
  label: string;
  values?: Record<string, number>;
  ratios?: Record<string, number>;
}

const read = (path: string): string =>
  readFileSync(new URL(`../bench/${path}`, import.meta.url), 'utf8');
const page = read('README.md');
const { environment, workloads } = JSON.parse(read('results.json')) as {
  environment: { node: string };
  workloads: Record<string, { date: string; rows: Row[] }>;
};

/** Three digits that count, as the tables have them. */
const round = (value = NaN): string =>
  value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

const rowOf = (workload: string, label: string): Row | undefined =>
  workloads[workload]?.rows.find((row) => row.label === label);

/** The lines of the table below a heading: the label, and its figures. */
function tableOf(heading: string): [label: string, figures: string[]][] {
  const [, section = ''] = page.split(`## ${heading}\n`);
  const [, ...lines] = section.split('\n## ')[0]?.match(/^\| .*\|$/gm) ?? [];
  return lines
    .map((line) => line.slice(2, -2).split(' | '))
    .filter(([label]) => label !== '---')
    .map(([label = '', ...figures]) => [label, figures]);
}

describe('the page about the bench', () => {
  test.each(tableOf('Ratios'))('tells the ratios of %s', (label, figures) => {
    const ratios = [
      rowOf('streaming16', label)?.ratios?.bare,
      rowOf('streaming1', label)?.ratios?.bare,
      rowOf('whole', label)?.ratios?.bare,
      rowOf('cold', label)?.ratios?.['bare-fetch'],
    ];
    expect(figures).toEqual(ratios.map(round));
  });

  test.each(tableOf('Delivery'))('tells the delivery of %s', (label, figures) => {
    const medians = ['delivery1', 'delivery200', 'delivery1000'].map(
      (workload) => rowOf(workload, label)?.values?.p50,
    );
    expect(figures).toEqual(medians.map((value) => `${round(value)} ms`));
  });

  test('has both tables, the day, and the version of Node', () => {
    expect(tableOf('Ratios').length).toBeGreaterThan(5);
    expect(tableOf('Delivery').length).toBeGreaterThan(3);
    expect(page).toContain(
      `measured on ${workloads.streaming16?.date} with Node ${environment.node.slice(1)}`,
    );
  });
});
