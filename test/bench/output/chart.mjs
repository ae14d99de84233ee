import { round } from '../table.mjs';

// A chart by hand: bars of ratios, readable on light and on dark ground.

const groups = [
  { workload: 'streaming16', floor: 'bare', title: 'Streaming, CPU per chunk' },
  { workload: 'whole', floor: 'bare', title: 'Whole answers, CPU per call' },
  { workload: 'cold', floor: 'bare-fetch', title: 'Cold start to the first content' },
];

const width = 760;
const labelWidth = 220;
const barWidth = 440;
const rowHeight = 22;

const escape = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.codePointAt(0)};`);

/** Bars of how often each subject costs what the bare loop costs. */
export function renderChart({ environment, workloads }) {
  const parts = [];
  let y = 28;
  const dates = new Set();
  for (const { workload, floor, title } of groups) {
    const found = workloads[workload];
    if (found === undefined || found.skipped !== undefined) continue;
    dates.add(found.date);
    const rows = found.rows.filter(
      ({ subject, ratios }) => ratios?.[floor] !== undefined && subject !== 'bare-parser',
    );
    parts.push(`<text x="16" y="${y}" class="title">${escape(`${title}, × bare loop`)}</text>`);
    y += 12;
    const largest = Math.max(...rows.map(({ ratios }) => ratios[floor]));
    for (const row of rows) {
      parts.push(renderBar(row, row.ratios[floor], largest, y));
      y += rowHeight;
    }
    y += 28;
  }
  const { node, cpu, cores, versions } = environment;
  const made = `${[...dates].join(', ')}, Node ${node.slice(1)}, ${cpu}, ${cores} cores`;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const middle = Math.ceil(named.length / 2);
  for (const line of [made, named.slice(0, middle).join(', '), named.slice(middle).join(', ')]) {
    parts.push(`<text x="16" y="${y}" class="small">${escape(line)}</text>`);
    y += 15;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-label="Costs against a bare loop">
<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .small { font-size: 11px; fill: #59636e; }
  .bar { fill: #8c959f; }
  .floor { fill: #afb8c1; }
  .ours { fill: #1f6feb; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .small { fill: #9198a1; }
    .bar { fill: #6e7681; }
    .floor { fill: #484f58; }
    .ours { fill: #4493f8; }
  }
</style>
${parts.join('\n')}
</svg>
`;
}

function renderBar({ subject, label }, ratio, largest, y) {
  const length = Math.max(2, (ratio / largest) * barWidth);
  const kind = subject.startsWith('ours') ? 'ours' : subject.startsWith('bare') ? 'floor' : 'bar';
  const middle = y + 15;
  return [
    `<text x="${labelWidth}" y="${middle}" text-anchor="end">${escape(label)}</text>`,
    `<rect x="${labelWidth + 8}" y="${y + 3}" width="${length.toFixed(1)}" height="${rowHeight - 6}" rx="2" class="${kind}"/>`,
    `<text x="${(labelWidth + 14 + length).toFixed(1)}" y="${middle}">${round(ratio)}</text>`,
  ].join('\n');
}
