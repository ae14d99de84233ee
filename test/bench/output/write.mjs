import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { renderChart } from './chart.mjs';
import { renderMarkdown } from './markdown.mjs';

/** Writes the three files. Older workloads stay if they were measured in the same environment. */
export async function writeResults(folder, { environment, workloads }, order) {
  const path = join(folder, 'results.json');
  const before = await readFile(path, 'utf8').then(JSON.parse, () => undefined);
  const isSame = isDeepStrictEqual(before?.environment, environment);
  const merged = { ...(isSame ? before.workloads : {}), ...workloads };
  const ordered = order.filter((name) => name in merged).map((name) => [name, merged[name]]);
  const results = { environment, workloads: Object.fromEntries(ordered) };
  await writeFile(path, `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(join(folder, 'results.md'), renderMarkdown(results));
  await writeFile(join(folder, 'results.svg'), renderChart(results));
}
