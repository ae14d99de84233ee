import { pick, seededRandom } from '../kit/random.ts';
import { vendors } from './vendors.ts';

// What goes wrong at whom and when. Drawn from the seed, before anything is asked.

/** What a vendor does for a while. */
export type Trouble =
  /** No connection, or a bad gateway; answers that were under way are cut. */
  | 'down'
  /** Up and down again, twenty seconds each. */
  | 'flapping'
  /** Answers begin ten times as late. */
  | 'slow'
  /** Seven of ten calls are refused for five seconds each. */
  | '429 with Retry-After'
  | '429 without'
  | 'no credit'
  /** Half of the answers break off. */
  | 'cut streams';

interface Spell {
  trouble: Trouble;
  fromMs: number;
  toMs: number;
}

/** Of one vendor: what it suffers from so long after midnight. */
export type Weather = (atMs: number) => Trouble | undefined;

export const dayMs = 24 * 3_600_000;
const flapMs = 20_000;
const minuteMs = 60_000;

const troubles: readonly (readonly [Trouble, longestMinutes: number])[] = [
  ['down', 60],
  ['flapping', 20],
  ['slow', 40],
  ['429 with Retry-After', 20],
  ['429 without', 20],
  ['no credit', 60],
  ['cut streams', 30],
];

/** Each vendor meets every trouble once; once for a short time and once for a long one, all are down. */
export function drawWeather(seed: number): Map<string, Weather> {
  const random = seededRandom(seed);
  const allDown: Spell[] = [
    { trouble: 'down', fromMs: 5 * 3_600_000, toMs: 5 * 3_600_000 + 8_000 },
    { trouble: 'down', fromMs: 17 * 3_600_000, toMs: 17 * 3_600_000 + 5 * minuteMs },
  ];
  return new Map(
    vendors.map(({ name }) => {
      const spells = troubles.map(([trouble, longestMinutes]): Spell => {
        const fromMs = random() * dayMs;
        return {
          trouble,
          fromMs,
          toMs: fromMs + (0.2 + 0.8 * random()) * longestMinutes * minuteMs,
        };
      });
      return [name, weatherOf([...allDown, ...spells])];
    }),
  );
}

export const fairWeather = (): Map<string, Weather> =>
  new Map(vendors.map(({ name }) => [name, () => undefined]));

function weatherOf(spells: readonly Spell[]): Weather {
  return (atMs) => {
    const spell = spells.find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
    if (spell?.trouble !== 'flapping') return spell?.trouble;
    return Math.floor((atMs - spell.fromMs) / flapMs) % 2 === 0 ? 'down' : undefined;
  };
}

/** Whether a vendor that suffers so gives every answer, however late. */
export const serves = (trouble: Trouble | undefined): boolean =>
  trouble === undefined || trouble === 'slow';

/** When the calls come: more of them at noon than at midnight. In milliseconds after midnight. */
export function drawArrivals(count: number, seed: number): number[] {
  const random = seededRandom(seed + 1);
  const arrivals: number[] = [];
  while (arrivals.length < count) {
    const atMs = random() * dayMs;
    const load = 0.55 - 0.45 * Math.cos((2 * Math.PI * atMs) / dayMs);
    if (random() < load) arrivals.push(Math.floor(atMs));
  }
  return arrivals.toSorted((one, other) => one - other);
}

export const drawEnd = (random: () => number): 'reset' | 'fin' => pick(['reset', 'fin'], random());
