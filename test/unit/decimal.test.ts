import type { Cost, Prices, Profile, ReportIssue } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import type { DecodedCompletion } from '../../src/schema/response.ts';
import { costOf } from '../../src/cost/cost.ts';
import { decimalString, isDecimal, moneyString } from '../../src/cost/decimal.ts';
import { findModel } from '../../src/dialect/models.ts';
import { profileOf, withPrices } from '../kit/facts.ts';

const plainForms: [number | string, string][] = [
  [0, '0'],
  [1, '1'],
  [12.5, '12.5'],
  ['0.0003165', '0.0003165'],
  [0.0003165, '0.0003165'],
  [1e-7, '0.0000001'],
  [3.165e-10, '0.0000000003165'],
  ['1E-7', '0.0000001'],
  ['1e-1', '0.1'],
  ['12.34e-1', '1.234'],
  ['12.34e-2', '0.1234'],
  ['12.34e-3', '0.01234'],
  ['1.5e3', '1500'],
  ['1.5e+3', '1500'],
  ['1.2345e2', '123.45'],
  ['12.34e2', '1234'],
  [1e21, `1${'0'.repeat(21)}`],
  [-1e-7, '-0.0000001'],
  ['-1.5e2', '-150'],
  [' 0.25 ', '0.25'],
  ['0.10', '0.10'],
  ['1e0', '1'],
  ['2.5e0', '2.5'],
  ['2.5e+00', '2.5'],
  [5e-324, `0.${'0'.repeat(323)}5`],
];

test.each(plainForms)('%j is the plain decimal %j', (value, expected) => {
  expect(decimalString(value)).toBe(expected);
});

test('a plain decimal stays what it is, to the last digit', () => {
  for (const text of ['0.1', '123456789012345678901234567890.123456789', '100', '0.000000000001']) {
    expect(decimalString(text)).toBe(text);
  }
});

test('every number comes back from its plain form', () => {
  for (let exponent = -20; exponent <= 22; exponent++) {
    for (const digits of [1, 1.5, 9.007199254740991, 3.165]) {
      const value = Number(`${digits}e${exponent}`);
      const text = decimalString(value);
      expect({ value, again: Number(text) }).toEqual({ value, again: value });
      expect(text).toMatch(/^\d+(\.\d+)?$/);
    }
  }
});

test('what is no decimal is told apart', () => {
  for (const value of ['', ' ', 'x', '1,5', '0x10', '1.', '.5', '--1', '1e', 'NaN', 'Infinity']) {
    expect({ value, is: isDecimal(value) }).toEqual({ value, is: false });
  }
  for (const value of [Number.NaN, Infinity, -Infinity, null, undefined, {}, [], true, 1n]) {
    expect(isDecimal(value)).toBe(false);
  }
  for (const value of [0, 1.5, '0', '1.5', '-1', '1e-7', '1E+3', ' 2 ']) {
    expect({ value, is: isDecimal(value) }).toEqual({ value, is: true });
  }
});

// ---------------------------------------------------------------- cost

function answerWith(
  usage: DecodedCompletion['usage'],
  meta?: DecodedCompletion['meta'],
): DecodedCompletion {
  return {
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' }],
    ...(usage !== undefined && { usage }),
    ...(meta !== undefined && { meta }),
  };
}

/** A usage with fields that only one vendor has. */
const chargedWith = (fields: Record<string, unknown>): DecodedCompletion =>
  answerWith(fields as DecodedCompletion['usage']);

const at = (time: string): number => Date.parse(time);
// A Saturday: never a peak.
const quiet = at('2026-11-21T12:00:00Z');

/** What an answer cost, of the Flash model or of another one. */
function costAt(
  completion: DecodedCompletion,
  profile: Profile,
  pricing: Prices | undefined,
  isFlash: boolean,
  atMs: number,
  issues: ReportIssue[] = [],
): Cost | undefined {
  const model = findModel(isFlash ? 'deepseek-v4-flash' : 'another-model', profile);
  const priced = { cost: profile.cost, prices: model?.prices };
  return costOf(completion, priced, pricing, atMs, (issue) => void issues.push(issue));
}

/** The sum in the smallest unit, with nothing of the library. */
function exactly(parts: [price: string, tokens: number][], factor = 1): string {
  const total = parts.reduce((sum, [price, tokens]) => {
    const [units = '0', decimals = ''] = price.split('.');
    return sum + BigInt(units + decimals.padEnd(12, '0')) * BigInt(tokens) * BigInt(factor);
  }, 0n);
  const digits = total.toString().padStart(19, '0');
  return `${digits.slice(0, -18)}.${digits.slice(-18)}`.replace(/\.?0+$/, '');
}

test('tokens times prices is exact, and not a sum of floating points', () => {
  const prices: Prices = { cacheHit: '0.1', cacheMiss: '0.2', output: '0.30' };
  const usage = {
    prompt_cache_hit_tokens: 1,
    prompt_cache_miss_tokens: 1,
    prompt_tokens: 2,
    completion_tokens: 1,
  };
  expect(costAt(answerWith(usage), profileOf('bytespike'), prices, true, quiet)).toEqual({
    usd: '0.0000006',
    source: 'pricing',
  });
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % below;
  };
  const priceTexts = ['0', '0.003', '0.0028', '0.15', '0.60', '14', '2.000001', '0.000000000001'];
  for (let round = 0; round < 200; round++) {
    const pick = (): string => priceTexts[random(priceTexts.length)] ?? '0';
    const each: Prices = { cacheHit: pick(), cacheMiss: pick(), output: pick() };
    const [hit, miss, output] = [random(1_000_000), random(1_000_000), random(400_000)];
    const counted = {
      prompt_tokens: hit + miss,
      prompt_cache_hit_tokens: hit,
      prompt_cache_miss_tokens: miss,
      completion_tokens: output,
    };
    const expected = exactly([
      [each.cacheHit, hit],
      [each.cacheMiss, miss],
      [each.output, output],
    ]);
    const cost = costAt(answerWith(counted), profileOf('bytespike'), each, true, quiet);
    expect({ each, counted, usd: cost?.usd }).toEqual({ each, counted, usd: expected || '0' });
  }
});

test('cached tokens and the rest of the prompt fill in for each other', () => {
  const prices: Prices = { cacheHit: '1', cacheMiss: '10', output: '100' };
  const forms = [
    { prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 6 },
    { prompt_cache_hit_tokens: 4 },
    { prompt_tokens_details: { cached_tokens: 4 } },
    { prompt_tokens_details: { prompt_cache_hit_tokens: 4 } },
  ];
  for (const form of forms) {
    const usage = { prompt_tokens: 10, completion_tokens: 2, ...form };
    const cost = costAt(answerWith(usage), profileOf('bytespike'), prices, true, quiet);
    expect({ form, usd: cost?.usd }).toEqual({ form, usd: '0.000264' });
  }
});

test('without all the counts there is no cost, rather than a guess', () => {
  const prices: Prices = { cacheHit: '1', cacheMiss: '10', output: '100' };
  const usages: DecodedCompletion['usage'][] = [
    undefined,
    {},
    { prompt_tokens: 10, completion_tokens: 2 },
    { prompt_tokens: 10, prompt_cache_hit_tokens: 4 },
    { prompt_tokens: 4, prompt_cache_hit_tokens: 10, completion_tokens: 2 },
    { prompt_tokens: 1.5, prompt_cache_hit_tokens: 1, completion_tokens: 2 },
    { prompt_tokens: -1, prompt_cache_hit_tokens: 0, completion_tokens: 2 },
    { prompt_tokens: 1e300, prompt_cache_hit_tokens: 0, completion_tokens: 2 },
  ];
  for (const usage of usages) {
    const cost = costAt(answerWith(usage), profileOf('bytespike'), prices, true, quiet);
    expect({ usage, cost }).toEqual({ usage, cost: undefined });
  }
});

const million = {
  prompt_tokens: 2_000_000,
  prompt_cache_hit_tokens: 1_000_000,
  prompt_cache_miss_tokens: 1_000_000,
  completion_tokens: 1_000_000,
};

/** A table of an earlier day: what is tested here is the arithmetic, and not what is asked today. */
const frozen: Prices = { date: '2026-11-20', cacheHit: '0.003', cacheMiss: '0.15', output: '0.60' };
const flat: Profile = withPrices(profileOf('shortapi'), frozen);
const peaked: Profile = withPrices(profileOf('deepseek'), {
  ...frozen,
  peak: {
    factor: 2,
    hoursUTC: [
      [1, 4],
      [6, 10],
    ],
    days: [1, 2, 3, 4, 5],
  },
});

const hours: [string, string][] = [
  ['2026-11-20T00:59:59.999Z', '0.753'],
  ['2026-11-20T01:00:00Z', '1.506'],
  ['2026-11-20T03:59:59.999Z', '1.506'],
  ['2026-11-20T04:00:00Z', '0.753'],
  ['2026-11-20T05:59:59.999Z', '0.753'],
  ['2026-11-20T06:00:00Z', '1.506'],
  ['2026-11-20T09:59:59.999Z', '1.506'],
  ['2026-11-20T10:00:00Z', '0.753'],
  ['2026-11-21T02:00:00Z', '0.753'],
  ['2026-11-22T07:00:00Z', '0.753'],
  ['2026-11-23T07:00:00Z', '1.506'],
];

test.each(hours)(
  'at %s a million of each kind costs %s US dollars by a table with peaks',
  (time, usd) => {
    const cost = costAt(answerWith(million), peaked, undefined, true, at(time));
    expect(cost).toEqual({ usd, source: 'table', priceDate: '2026-11-20' });
  },
);

// Written from the State Council's notice on 2026: the weekdays off since there are peaks, and the weekends that are worked.
test.each([
  ['Friday of the Mid-Autumn Festival', '2026-09-25T02:00:00Z', '0.753'],
  ['the Monday after it', '2026-09-28T02:00:00Z', '1.506'],
  ['the Wednesday before National Day', '2026-09-30T09:59:59.999Z', '1.506'],
  ['Thursday, National Day', '2026-10-01T01:00:00Z', '0.753'],
  ['the last day of its week, a Wednesday', '2026-10-07T09:59:59.999Z', '0.753'],
  ['the Thursday after it', '2026-10-08T01:00:00Z', '1.506'],
  ['a Sunday that is worked', '2026-09-20T02:00:00Z', '0.753'],
  ['a Saturday that is worked', '2026-10-10T07:00:00Z', '0.753'],
])('DeepSeek has no peak on Chinese public holidays: %s', (_, time, usd) => {
  const cost = costAt(answerWith(million), profileOf('deepseek'), undefined, true, at(time));
  expect(cost).toEqual({ usd, source: 'table', priceDate: '2026-11-20' });
});

test.each([
  ['a peak of a year without a list has no price', '2027-01-04T02:00:00Z', undefined],
  ['not even a likely holiday', '2027-10-01T02:00:00Z', undefined],
  ['what is no peak on any day has one', '2027-01-04T00:59:59Z', '0.753'],
  ['nor is a weekend', '2027-01-03T02:00:00Z', '0.753'],
])('where holidays are not known, nothing is guessed: %s', (_, time, usd) => {
  const issues: ReportIssue[] = [];
  const cost = costAt(
    answerWith(million),
    profileOf('deepseek'),
    undefined,
    true,
    at(time),
    issues,
  );
  expect(cost?.usd).toBe(usd);
  expect(issues.map(({ code, path }) => [code, path])).toEqual(
    usd === undefined ? [['unknown_holiday', 'cost']] : [],
  );
});

test('a table without peaks has one price, and a table is for the Flash model alone', () => {
  const cost = costAt(answerWith(million), flat, undefined, true, at('2026-11-20T02:00:00Z'));
  expect(cost).toMatchObject({ usd: '0.753', source: 'table' });
  expect(costAt(answerWith(million), flat, undefined, false, quiet)).toBeUndefined();
  const untold = withPrices(flat, undefined);
  expect(costAt(answerWith(million), untold, undefined, true, quiet)).toBeUndefined();
});

test('a caller’s own prices are used for any model, and come before the table', () => {
  const prices: Prices = { cacheHit: '0', cacheMiss: '0', output: '1', date: '2026-11-01' };
  const cost = costAt(answerWith(million), profileOf('deepseek'), prices, false, quiet);
  expect(cost).toEqual({ usd: '1', source: 'pricing', priceDate: '2026-11-01' });
});

test('what the vendor says it charged comes first, digit by digit', () => {
  const told = costAt(
    chargedWith({ ...million, cost: '0.000000123456789012345678', discount: '0.9' }),
    profileOf('vtrix'),
    { cacheHit: '1', cacheMiss: '1', output: '1' },
    true,
    quiet,
  );
  expect(told).toEqual({ usd: '0.000000123456789012345678', source: 'provider', discount: '0.9' });
  const aiml = costAt(
    answerWith(million, { usage: { credits_used: 1, usd_spent: 3e-7 } }),
    profileOf('aimlapi'),
    undefined,
    true,
    quiet,
  );
  expect(aiml).toEqual({ usd: '0.0000003', source: 'provider' });
});

test('what floats leave behind a charge that is a number is no money', () => {
  const charged = { usage: { credits_used: 1, usd_spent: 0.1 + 0.2 } };
  const cost = costAt(answerWith(million, charged), profileOf('aimlapi'), undefined, true, quiet);
  expect(cost).toEqual({ usd: '0.3', source: 'provider' });
  expect(moneyString(0.0001 * 3)).toBe('0.0003');
  expect(moneyString('0.30000000000000004')).toBe('0.30000000000000004');
  for (const usd of [0, 5, 0.000123456789012345, 123456.789012345, 1e-7]) {
    expect(Number(moneyString(usd))).toBe(usd);
  }
});

test('a charge in exponent form is told as a plain decimal', () => {
  for (const [cost, usd] of [
    ['1e0', '1'],
    ['2.5E-4', '0.00025'],
  ] as const) {
    const told = costAt(chargedWith({ cost }), profileOf('vtrix'), undefined, true, quiet);
    expect(told?.usd).toBe(usd);
  }
});

test('prices in exponent form are prices', () => {
  const prices: Prices = { cacheHit: '1e0', cacheMiss: '1e-1', output: '2e1' };
  const cost = costAt(answerWith(million), profileOf('bytespike'), prices, true, quiet);
  expect(cost?.usd).toBe('21.1');
});

test('a charge with an absurd exponent neither throws nor fills the memory', () => {
  for (const cost of ['1e999999999', '1e-999999999', '9e2147483648']) {
    const told = costAt(chargedWith({ cost }), profileOf('vtrix'), undefined, true, quiet);
    expect((told?.usd ?? '').length).toBeLessThan(10_000);
  }
});
