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
interface Results {
  environment: { node: string };
  workloads: Record<string, { date: string; rows: Row[] }>;
}
const { environment, workloads } = JSON.parse(read('results.json')) as Results;
const newest = JSON.parse(read('newest/results.json')) as Results;

/** Three digits that count, as the tables have them. */
const round = (value = NaN): string =>
  value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

const rowOf = (workload: string, label: string, of = workloads): Row | undefined =>
  of[workload]?.rows.find((row) => row.label === label);

const ratiosOf = (label: string, of = workloads): string[] =>
  [
    rowOf('streaming16', label, of)?.ratios?.bare,
    rowOf('streaming1', label, of)?.ratios?.bare,
    rowOf('whole', label, of)?.ratios?.bare,
    rowOf('cold', label, of)?.ratios?.['bare-fetch'],
  ].map(round);

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
    expect(figures).toEqual(ratiosOf(label));
  });

  test.each(tableOf('Newest versions, on Node 24'))(
    'tells the ratios of %s at its newest',
    (label, figures) => {
      expect(figures).toEqual(ratiosOf(label, newest.workloads));
    },
  );

  test.each(['severalChunks', 'severalWhole', 'severalStreams'])(
    'tells what a second vendor costs: %s',
    (workload) => {
      const [one, two] =
        workloads[workload]?.rows.map(({ values = {} }) => round(Object.values(values)[0])) ?? [];
      expect(page).toContain(`${two} µs instead of ${one}`);
    },
  );

  test.each(tableOf('Delivery'))('tells the delivery of %s', (label, figures) => {
    const medians = ['delivery1', 'delivery200', 'delivery1000'].map(
      (workload) => rowOf(workload, label)?.values?.p50,
    );
    expect(figures).toEqual(medians.map((value) => `${round(value)} ms`));
  });

  test('has all tables, the day, and the version of Node', () => {
    expect(tableOf('Ratios').length).toBeGreaterThan(5);
    expect(tableOf('Newest versions, on Node 24').length).toBeGreaterThan(5);
    expect(tableOf('Delivery').length).toBeGreaterThan(3);
    expect(page).toContain(
      `measured on ${workloads.streaming16?.date} with Node ${environment.node.slice(1)}`,
    );
    const { node } = newest.environment;
    expect(page).toContain(
      `on Node ${node.slice(1)} ([newest/results.md](newest/results.md), ${newest.workloads.streaming16?.date})`,
    );
  });
});
