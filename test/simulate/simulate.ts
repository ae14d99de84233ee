// A day of outages: six vendors, and what each way of asking them makes of it. The same seed gives the same figures.
//
//   npm run simulate                        10,000 calls, into results.md and results.svg beside this file
//   npm run simulate -- --calls 1000        fewer, printed alone
//   npm run simulate -- --seed 7            another day, printed alone
//   npm run simulate -- --only cheapest     those whose name has this in it, printed alone
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { inLanes } from '../kit/time.ts';
import { renderChart } from './chart.ts';
import { alone, policies } from './policies.ts';
import type { Day, DayResult } from './run-day.ts';
import { cheapestUsd, runDay } from './run-day.ts';
import { renderResults } from './table.ts';
import { vendors } from './vendors.ts';
import { drawArrivals, drawWeather, fairWeather } from './weather.ts';

const usual = { calls: '10000', seed: '20261130' };
const { calls, seed, only, one } = parseArgs({
  options: {
    calls: { type: 'string', default: usual.calls },
    seed: { type: 'string', default: usual.seed },
    only: { type: 'string', default: '' },
    /** One of the runs, by its number, told as JSON: each has a process of its own. */
    one: { type: 'string' },
  },
}).values;

const day: Day = {
  weather: drawWeather(Number(seed)),
  arrivals: drawArrivals(Number(calls), Number(seed)),
  seed: Number(seed),
};
const chosen = policies.filter(({ name }) => name.includes(only));
const fastest = vendors.toSorted((a, b) => a.firstContentMs - b.firstContentMs).slice(0, 1);
const runs = [
  ...chosen.map((policy) => ({ policy, day })),
  // What the goal for the time to the first content is measured by.
  ...fastest.map((vendor) => ({
    policy: alone(vendor, 0),
    day: { ...day, weather: fairWeather() },
  })),
];

async function runApart(number: number): Promise<DayResult> {
  const options = ['--calls', calls, '--seed', seed, '--only', only, '--one', String(number)];
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), ...options];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  process.stderr.write('.');
  return JSON.parse(stdout) as DayResult;
}

async function runAll(): Promise<void> {
  const results: DayResult[] = [];
  await inLanes(availableParallelism(), runs.length, async (number) => {
    results[number] = await runApart(number);
  });
  process.stderr.write('\n');
  const healthy = results.pop() as DayResult;
  const all = {
    calls: Number(calls),
    seed: Number(seed),
    results,
    healthy,
    cheapestUsd: cheapestUsd(day),
  };
  const text = renderResults(all);
  console.log(text);
  if (calls !== usual.calls || seed !== usual.seed || only !== '') return;
  await writeFile(new URL('results.md', import.meta.url), text);
  await writeFile(new URL('results.svg', import.meta.url), renderChart(all));
}

const run = runs[Number(one)];
if (one === undefined) await runAll();
else if (run !== undefined) console.log(JSON.stringify(await runDay(run.policy, run.day)));
