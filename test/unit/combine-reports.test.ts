import { expect, test } from 'vitest';
import { addCost, addUsage } from '../../src/outcome/combine-reports.ts';

test('counters are summed where both turns told them: a part is no total', () => {
  const one = { prompt_tokens: 1, completion_tokens: 2, prompt_cache_hit_tokens: 1 };
  const other = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };
  expect(addUsage(one, other)).toEqual({ prompt_tokens: 11, completion_tokens: 22 });
  expect(addUsage(one, undefined)).toBeUndefined();
});

test('details that one turn left out are zero there', () => {
  const thinking = { completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 4 } };
  expect(addUsage(thinking, { completion_tokens: 1 })).toEqual({
    completion_tokens: 6,
    completion_tokens_details: { reasoning_tokens: 4 },
  });
});

test('counts that are nested without end, or named after a prototype, are no counts', () => {
  const usage = JSON.parse(
    `{"prompt_tokens":1,"__proto__":{"prompt_tokens":9},"deep":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
  ) as object;
  const sum = addUsage(usage, usage);
  expect(sum?.prompt_tokens).toBe(2);
  expect(Object.getPrototypeOf(sum)).toBe(Object.prototype);
});

test('costs are summed exactly, or not at all', () => {
  const told = { usd: '0.1', source: 'provider' } as const;
  const table = { usd: '0.2', source: 'table', priceDate: '2026-11-20' } as const;
  expect(addCost(told, table)).toEqual({ usd: '0.3', source: 'table', priceDate: '2026-11-20' });
  expect(addCost(told, undefined)).toBeUndefined();
});
