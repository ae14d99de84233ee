import { expect, test } from 'vitest';
import { policies } from '../simulate/policies.ts';
import type { Policy } from '../simulate/policies.ts';
import { runDay } from '../simulate/run-day.ts';
import { drawArrivals, drawWeather } from '../simulate/weather.ts';

// A small day of what `npm run simulate` runs a large one of.

const seed = 7;
const day = { weather: drawWeather(seed), arrivals: drawArrivals(200, seed), seed };
const named = (name: string): Policy => {
  const found = policies.find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no policy ${name}`);
  return found;
};

test('the same seed gives the same day to the digit', async () => {
  const policy = named('providers, restart, hedge');
  expect(await runDay(policy, day)).toEqual(await runDay(policy, day));
});

test('on a day of outages several vendors answer what one does not', async () => {
  const one = await runDay(named('deepseek alone'), day);
  const several = await runDay(named('providers, restart, hedge, fastest, maxWaitMs 60 s'), day);
  expect(one.needless).toBeGreaterThan(5);
  expect(several.needless).toBe(0);
});
