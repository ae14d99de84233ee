import { round } from '../table.mjs';

const floorLabels = {
  bare: '× bare loop',
  'bare-fetch': '× bare fetch',
  openai: '× openai',
  ai: '× ai',
};

/** The results as tables. */
export function renderMarkdown({ environment, workloads }) {
  const { node, platform, cpu, cores, versions } = environment;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    '# Benchmark',
    `Node ${node.slice(1)}, ${platform}, ${cpu}, ${cores} cores. ${named.join(', ')}.`,
    'Medians of runs in turn, each in a process of its own, against a server on the same machine. ' +
      'Every result is checked against what was sent. To repeat: `npm run bench`.',
    ...Object.values(workloads).map(renderWorkload),
    '',
  ].join('\n\n');
}

export function renderWorkload({ title, about, date, skipped, rows, units }) {
  if (skipped !== undefined) return `## ${title}\n\nSkipped: ${skipped}.`;
  const columns = Object.keys(units);
  const floors = Object.keys(floorLabels).filter((name) =>
    rows.some((row) => row.ratios?.[name] !== undefined),
  );
  const head = ['', ...columns, ...floors.map((name) => floorLabels[name])];
  const lines = rows.map(({ label, failed, values, ratios }) =>
    failed === undefined
      ? [
          label,
          ...columns.map((column) => round(values[column], units[column])),
          ...floors.map((name) => round(ratios[name])),
        ]
      : [label, `failed: ${failed}`, ...head.slice(2).map(() => '')],
  );
  const rule = head.map((_, index) => (index === 0 ? '---' : '--:'));
  const table = [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return `## ${title}\n\n${about} ${date}\n\n${table}`;
}
