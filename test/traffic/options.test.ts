import { isChatError, memoryState } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import { errorOf } from '../kit/failures.ts';
import {
  resolveConcurrency,
  resolveCountTokens,
  resolveHedge,
  resolveMaxCost,
  resolveMaxWait,
  resolveState,
} from '../../src/options/traffic-options.ts';

function refusal(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return isChatError(error, 'invalid_options') ? error.message : error;
  }
  return 'taken';
}

const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error('no');
    },
  },
);

const refused: [string, () => unknown, RegExp][] = [
  ...[Number.NaN, 0, -1, 1.5, '20', {}, true].map((value): [string, () => unknown, RegExp] => [
    `concurrency ${String(value)}`,
    () => resolveConcurrency(value),
    /^Option concurrency must be a whole number from 1 on, or Infinity$/,
  ]),
  ...[Number.NaN, -1, 'five', '', Infinity, {}, true, '-0.5'].map(
    (value): [string, () => unknown, RegExp] => [
      `maxCostUsd ${String(value)}`,
      () => resolveMaxCost(value),
      /^Option maxCostUsd must be a number of US dollars from 0 on/,
    ],
  ),
  ...[Number.NaN, -1, '5', Infinity, 2 ** 31].map((value): [string, () => unknown, RegExp] => [
    `maxWaitMs ${value}`,
    () => resolveMaxWait(value),
    /^Option maxWaitMs must be 0 to 2147483647 ms$/,
  ]),
  ['hedge without a time', () => resolveHedge({}), /^Option hedge needs either afterMs or after/],
  ['hedge with both', () => resolveHedge({ afterMs: 1, after: 'p95' }), /needs either/],
  ['hedge after p99', () => resolveHedge({ after: 'p99' as 'p95' }), /hedge.after must be 'p95'/],
  ['hedge after NaN', () => resolveHedge({ afterMs: Number.NaN }), /hedge.afterMs must be 0 to/],
  ['hedge as a number', () => resolveHedge(2_000 as never), /Option hedge must be a plain object/],
  ['hedge misspelt', () => resolveHedge({ afterMS: 1 } as never), /did you mean afterMs\?/],
  [
    'a share above 1',
    () => resolveHedge({ afterMs: 1, maxExtraCalls: { share: 5 } }),
    /hedge.maxExtraCalls.share must be 0 to 1/,
  ],
  [
    'a broken burst',
    () => resolveHedge({ afterMs: 1, maxExtraCalls: { burst: 0.5 } }),
    /hedge.maxExtraCalls.burst must be a whole number/,
  ],
  ['countTokens as a number', () => resolveCountTokens(4), /countTokens must be a function/],
  [
    'a store without leases',
    () => resolveState({ readBreaker() {} }),
    /state must be a shared state/,
  ],
  ['a store as text', () => resolveState('redis://'), /state must be a shared state/],
  ['a store that throws', () => resolveState(throwing), /state cannot be read/],
  ['memoryState misspelt', () => memoryState({ clok: 1 } as never), /did you mean clock\?/],
];

test.each(refused)('%s is refused in a clear sentence', (_what, act, sentence) => {
  expect(refusal(act)).toMatch(sentence);
});

test('options that are not given have their defaults', () => {
  expect(resolveConcurrency(undefined)).toBeUndefined();
  expect(resolveConcurrency(Infinity)).toBeUndefined();
  expect(resolveMaxCost(null)).toBeUndefined();
  expect(resolveMaxWait(undefined)).toBe(10_000);
  expect(resolveHedge(undefined)).toBeUndefined();
  expect(resolveCountTokens(undefined)).toBeUndefined();
  expect(resolveState(undefined)).toBeUndefined();
  const maxExtraCalls = { share: 0.05, burst: 10 };
  expect(resolveHedge({ afterMs: 2_000 })).toEqual({ after: 2_000, maxExtraCalls });
  expect(resolveHedge({ after: 'p95', maxExtraCalls: { burst: 3 } })).toEqual({
    after: 'p95',
    maxExtraCalls: { share: 0.05, burst: 3 },
  });
});

test('options that are right are taken as they are', () => {
  expect(resolveConcurrency(50)).toBe(50);
  expect(resolveMaxCost(5)).toBe('5');
  expect(resolveMaxCost(1e-7)).toBe('0.0000001');
  expect(resolveMaxCost('0.25')).toBe('0.25');
  expect(resolveMaxCost(0)).toBe('0');
  const state = memoryState();
  expect(resolveState(state)).toBe(state);
});

test.each([Number.NaN, -1, Infinity, '4', undefined, null, {}])(
  'a counter that gives %s is refused, at once or later',
  async (count) => {
    const sentence = /countTokens must give a number from 0 on/;
    expect(refusal(() => resolveCountTokens(() => count)?.('text'))).toMatch(sentence);
    await expect(resolveCountTokens(async () => count)?.('text')).rejects.toThrow(sentence);
  },
);

test('what a counter throws, at once or later, is the cause of an error that names the option', async () => {
  const own = new Error('no tokenizer');
  const failed = { code: 'invalid_options', param: 'countTokens' };
  const throwing = resolveCountTokens(() => {
    throw own;
  });
  const atOnce = await errorOf((async () => throwing?.('text'))());
  const rejecting = resolveCountTokens(() => Promise.reject(own));
  const later = await errorOf((async () => rejecting?.('text'))());
  for (const error of [atOnce, later]) {
    expect(error).toMatchObject(failed);
    expect(error.message).toMatch(/countTokens failed/);
    expect(error.cause).toBe(own);
  }
});
