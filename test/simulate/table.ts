import type { DayResult } from './run-day.ts';

/** What a run of the simulation came to. */
export interface SimulationResults {
  calls: number;
  seed: number;
  results: readonly DayResult[];
  /** The fastest vendor alone, on a day on which nothing goes wrong. */
  healthy: DayResult;
  /** Each call at the cheapest vendor that gives every answer then. */
  cheapestUsd: number;
}

/** What of the figures follows from the rules, whatever the seed. */
const reasons = [
  '- Without `onInterrupted`, a stream that breaks off after its first delta is an error: nobody can take back what was read.',
  '- Behind an outage of everybody, the breakers are open for up to 60 seconds, and a call waits for the first of them for `maxWaitMs`, by default 10 seconds. With 60 seconds nobody fails who could have been served.',
  '- A vendor that is slow has not failed. In the order of the list its calls stay with it, and its own p95, after which another one is asked, soon is that of the slow hour; only `fastest` goes elsewhere.',
  '- A hedge at the 95th percentile is by itself one call in twenty, and its loser is wasted. What failures cost is taken off the hedges, so that both together stay near their cap of 5 %; failures alone have none.',
];

const percent = (share: number, digits = 2): string => `${(share * 100).toFixed(digits)} %`;
const thousands = (count: number): string => count.toLocaleString('en');

export function renderResults(all: SimulationResults): string {
  const { calls, seed, results, healthy, cheapestUsd } = all;
  const lines = [
    '# A day of outages',
    '',
    `${thousands(calls)} calls on one simulated day, seed ${seed}. Each of six emulated vendors is down for a while, flaps, is slow, refuses with 429 (with Retry-After and without), has no credit, and cuts its streams; twice all are down together, for 8 seconds and for 5 minutes. Speeds and prices are made up: the figures compare ways of asking, not vendors. \`npm run simulate\` repeats them to the digit.`,
    '',
    '| | answered | failed | of these, a vendor was there | first content p50 | p99 | spend | requests | wasted |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...results.map(row),
    '',
    `Alone on a day without trouble, ${healthy.name.replace(' alone', '')} has a p99 of ${healthy.p99Ms} ms. Each call at the cheapest vendor that was well then: $${cheapestUsd.toFixed(2)}.`,
    '',
    'A request is wasted if its answer was not used: refusals, answers that broke off, and the slower of two. First content is what the reader sees first, of calls that went well. Spend is what the vendors bill: a broken answer as far as it was made, one that was left in full.',
    '',
    '## Goals',
    '',
    ...goals(all),
    '',
    '## Why',
    '',
    ...reasons,
    '',
  ];
  return lines.join('\n');
}

function row({
  name,
  calls,
  failed,
  needless,
  p50Ms,
  p99Ms,
  usd,
  requests,
  wasted,
}: DayResult): string {
  const cells = [
    name,
    percent(1 - failed / calls),
    failed,
    needless,
    `${p50Ms} ms`,
    `${p99Ms} ms`,
    `$${usd.toFixed(2)}`,
    thousands(requests),
    percent(wasted),
  ];
  return `| ${cells.join(' | ')} |`;
}

function goals({ results, healthy, cheapestUsd }: SimulationResults): string[] {
  return results
    .filter(({ name }) => name.startsWith('providers'))
    .map(({ name, needless, wasted, p99Ms, usd }) => {
      const told = [
        `${held(needless === 0)} no failed call while a vendor was there (${needless})`,
        `${held(wasted <= 0.05)} wasted ≤ 5 % (${percent(wasted, 1)})`,
        `${held(p99Ms <= 2 * healthy.p99Ms)} p99 ≤ 2 × (${(p99Ms / healthy.p99Ms).toFixed(2)})`,
        ...(name.endsWith('cheapest')
          ? [`${held(usd <= 1.1 * cheapestUsd)} spend ≤ 1.1 × (${(usd / cheapestUsd).toFixed(2)})`]
          : []),
      ];
      return `- ${name}: ${told.join('; ')}`;
    });
}

const held = (isHeld: boolean): string => (isHeld ? 'met:' : '**missed:**');
