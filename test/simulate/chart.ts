import type { DayResult } from './run-day.ts';
import type { SimulationResults } from './table.ts';

// A chart by hand, like that of the benchmark: bars, readable on light and on dark ground.

const width = 850;
const labelWidth = 400;
const barWidth = 340;
const rowHeight = 22;

interface Group {
  title: string;
  valueOf(result: DayResult): number;
  tell(value: number): string;
}

const groups: readonly Group[] = [
  {
    title: 'Failed calls',
    valueOf: ({ calls, failed }) => failed / calls,
    tell: (share) => `${(share * 100).toFixed(2)} %`,
  },
  { title: 'First content, p99', valueOf: ({ p99Ms }) => p99Ms, tell: (ms) => `${ms} ms` },
  {
    title: 'Wasted requests',
    valueOf: ({ wasted }) => wasted,
    tell: (share) => `${(share * 100).toFixed(1)} %`,
  },
];

const escape = (text: string): string =>
  text.replace(/[&<>]/g, (sign) => `&#${sign.codePointAt(0)};`);

export function renderChart({ calls, seed, results }: SimulationResults): string {
  const parts: string[] = [];
  let y = 28;
  for (const { title, valueOf, tell } of groups) {
    parts.push(`<text x="16" y="${y}" class="title">${title}</text>`);
    y += 12;
    const largest = Math.max(...results.map(valueOf));
    for (const result of results) {
      const value = valueOf(result);
      const length = Math.max(2, (value / largest) * barWidth);
      const kind = result.name.startsWith('providers') ? 'ours' : 'bar';
      parts.push(
        `<text x="${labelWidth}" y="${y + 15}" text-anchor="end">${escape(result.name)}</text>`,
        `<rect x="${labelWidth + 8}" y="${y + 3}" width="${length.toFixed(1)}" height="${rowHeight - 6}" rx="2" class="${kind}"/>`,
        `<text x="${(labelWidth + 14 + length).toFixed(1)}" y="${y + 15}">${tell(value)}</text>`,
      );
      y += rowHeight;
    }
    y += 28;
  }
  const made = `Lower is better. ${calls.toLocaleString('en')} calls at six emulated vendors on a simulated day of outages, seed ${seed}`;
  parts.push(`<text x="16" y="${y}" class="small">${made}</text>`);
  y += 15;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-label="Ways of asking several vendors on a day of outages">
<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .small { font-size: 11px; fill: #59636e; }
  .bar { fill: #8c959f; }
  .ours { fill: #1f6feb; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .small { fill: #9198a1; }
    .bar { fill: #6e7681; }
    .ours { fill: #4493f8; }
  }
</style>
${parts.join('\n')}
</svg>
`;
}
