import * as fc from 'fast-check';
import type { ChatCompletionMessageParam, Prices } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import type { Budget, Reservation } from '../../src/cost/budget.ts';
import { bothBudgets, createBudget } from '../../src/cost/budget.ts';
import {
  assumedAnswerTokens,
  estimatePrompt,
  estimateTokens,
  maxUsdOf,
} from '../../src/cost/estimate.ts';
import { compareDecimals, multiplyDecimals, subtractDecimals } from '../../src/cost/exact.ts';
import { createStreamMeter } from '../../src/cost/stream-meter.ts';
import { createTotals } from '../../src/cost/totals.ts';
import { budgetPassed, budgetRefused, costUnknown } from '../../src/outcome/budget-error.ts';
import { memoryState } from '../../src/traffic/memory-state.ts';

const prices: Prices = { cacheHit: '0.003', cacheMiss: '0.15', output: '0.6' };

const budgetOf = (limitUsd: string, ledger = memoryState()) => {
  return { ledger, budget: createBudget({ ledger, key: 'client', limitUsd }) };
};

const reserve = (budget: Budget, usd: string): Reservation => budget.reserve(usd) as Reservation;

test('decimals are compared, subtracted and multiplied exactly', () => {
  expect(compareDecimals('0.10', '0.1')).toBe(0);
  expect(compareDecimals('-1', '0.5')).toBeLessThan(0);
  expect(compareDecimals('10', '9.999999999999999999999')).toBeGreaterThan(0);
  expect(subtractDecimals('0.3', '0.1')).toBe('0.2');
  expect(subtractDecimals('1', '1.000000000000000001')).toBe('-0.000000000000000001');
  expect(multiplyDecimals('1.1', '1.1')).toBe('1.21');
});

test('a reserve is taken before the call, and what the call cost takes its place', () => {
  const { ledger, budget } = budgetOf('1');
  const call = reserve(budget, '0.4');
  expect(ledger.readSpend('client')).toBe('0.4');
  call.settle('0.123456789');
  expect(ledger.readSpend('client')).toBe('0.123456789');
});

test('what would pass the limit is refused, what just reaches it is not', () => {
  const { budget } = budgetOf('1');
  reserve(budget, '0.6');
  expect(budget.reserve('0.4000000000000000001')).toBeUndefined();
  expect(budget.reserve('0.4')).toBeDefined();
  expect(budget.reserve('0')).toBeDefined();
});

test('where the cost is not known the reserve stays', () => {
  const { ledger, budget } = budgetOf('1');
  reserve(budget, '0.7').settle(undefined);
  expect(ledger.readSpend('client')).toBe('0.7');
  expect(budget.reserve('0.4')).toBeUndefined();
});

test('a call is settled once', () => {
  const { ledger, budget } = budgetOf('1');
  const call = reserve(budget, '0.7');
  call.settle('0.1');
  call.settle('0');
  call.settle(undefined);
  expect(call.extend('0.1')).toBe(false);
  expect(ledger.readSpend('client')).toBe('0.1');
});

test('what was not billed leaves nothing behind', () => {
  const { ledger, budget } = budgetOf('0.7');
  reserve(budget, '0.7').settle('0');
  expect(ledger.readSpend('client')).toBe('0');
  expect(budget.reserve('0.7')).toBeDefined();
});

test('ten thousand sums have the digits that a float loses', () => {
  const { ledger, budget } = budgetOf('2000');
  for (let count = 0; count < 10_000; count++) reserve(budget, '0.1').settle('0.1000001');
  expect(ledger.readSpend('client')).toBe('1000.001');
});

test('of a client and a call both limits hold, and a refusal of one holds nothing back at the other', async () => {
  const { ledger, budget } = budgetOf('1');
  const call = createBudget({ ledger: memoryState(), key: 'call', limitUsd: '0.3' });
  const both = bothBudgets(budget, call);
  expect(await both.reserve('0.4')).toBeUndefined();
  expect(ledger.readSpend('client')).toBe('0');
  const first = await both.reserve('0.2');
  expect(await first?.extend('0.05')).toBe(true);
  expect(await first?.extend('0.1')).toBe(false);
  await first?.settle('0.25');
  expect(ledger.readSpend('client')).toBe('0.25');
  expect(await both.reserve('0.05')).toBeDefined();
});

test('a ledger that answers later reserves and settles as well', async () => {
  const memory = memoryState();
  const ledger = {
    addSpend: async (key: string, usd: string, limitUsd?: string) =>
      memory.addSpend(key, usd, limitUsd),
    readSpend: async (key: string) => memory.readSpend(key),
  };
  const budget = createBudget({ ledger, key: 'client', limitUsd: '1' });
  const all = await Promise.all(Array.from({ length: 20 }, () => budget.reserve('0.3')));
  const given = all.filter((each) => each !== undefined);
  expect(given).toHaveLength(3);
  expect(await given[0]?.extend('0.2')).toBe(false);
  await given[0]?.settle('0.1');
  expect(await ledger.readSpend('client')).toBe('0.7');
});

const cents = (max: number) => fc.integer({ min: 0, max }).map((value) => (value / 100).toFixed(2));

test('whatever twenty calls in flight cost, the limit is passed by no more than they cost above their reserves', () => {
  const calls = fc.array(
    fc.record({
      reserved: cents(100),
      actual: fc.option(cents(200), { nil: undefined }),
      isLate: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(
    fc.property(cents(500), calls, (limitUsd, script) => {
      const { ledger, budget } = budgetOf(limitUsd);
      const flight: { usd: string; actual: string | undefined; reservation: Reservation }[] = [];
      let excess = 0n;
      const inCents = (usd: string): bigint => BigInt(Math.round(Number(usd) * 100));
      const land = (): void => {
        const call = flight.shift();
        if (call === undefined) return;
        call.reservation.settle(call.actual);
        const above = inCents(call.actual ?? call.usd) - inCents(call.usd);
        if (above > 0n) excess += above;
      };
      for (const { reserved, actual, isLate } of script) {
        const reservation = budget.reserve(reserved) as Reservation | undefined;
        if (reservation !== undefined) flight.push({ usd: reserved, actual, reservation });
        if (!isLate || flight.length > 20) land();
        expect(inCents(ledger.readSpend('client') as string)).toBeLessThanOrEqual(
          inCents(limitUsd) + excess,
        );
      }
      while (flight.length > 0) land();
      const spent = inCents(ledger.readSpend('client') as string);
      expect(spent).toBeLessThanOrEqual(inCents(limitUsd) + excess);
      expect(spent).toBeGreaterThanOrEqual(0n);
    }),
  );
});

test('tokens are estimated by the rule of 0.3 and 0.6 a character', () => {
  expect(estimateTokens('')).toBe(0);
  expect(estimateTokens('a')).toBe(1);
  expect(estimateTokens('a'.repeat(1_000))).toBe(300);
  expect(estimateTokens('你'.repeat(1_000))).toBe(600);
  expect(estimateTokens('かな한글'.repeat(10))).toBe(24);
  expect(estimateTokens('𠀀'.repeat(10))).toBe(6);
});

const conversation: ChatCompletionMessageParam[] = [
  { role: 'system', content: 's'.repeat(100) },
  {
    role: 'user',
    content: [
      { type: 'text', text: 'u'.repeat(50) },
      { type: 'text', text: 'v'.repeat(50) },
    ],
  },
  {
    role: 'assistant',
    content: null,
    reasoning_content: 'r'.repeat(100),
    tool_calls: [{ id: '1', type: 'function', function: { name: 'tool', arguments: '{"a": 1}' } }],
  },
  { role: 'tool', tool_call_id: '1', content: 't'.repeat(88) },
];

test('an estimate counts all that is sent: content, reasoning, calls, results, tools and the schema', () => {
  expect(estimatePrompt({ messages: conversation })).toEqual({ promptTokens: 120 });
  const tool = { type: 'function', function: { name: 'tool', parameters: {} } };
  const schema = { name: 'answer', schema: { type: 'object' } };
  const whole = { messages: conversation, tools: [tool] };
  const format = { type: 'json_schema', json_schema: schema };
  const extra = JSON.stringify(tool).length + JSON.stringify(schema).length;
  expect(estimatePrompt({ ...whole, response_format: format })).toEqual({
    promptTokens: Math.ceil((400 + extra) * 0.3),
  });
  expect(estimatePrompt({ messages: conversation, tools: null, response_format: null })).toEqual({
    promptTokens: 120,
  });
});

test('what is no text is named and not guessed', () => {
  const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } } as const;
  const messages: ChatCompletionMessageParam[] = [
    { role: 'user', content: [{ type: 'text', text: 'What is it?' }, image, image] },
  ];
  expect(estimatePrompt({ messages })).toEqual({ promptTokens: 4, uncountedParts: 2 });
});

test('a counter of the user is asked, and may answer later', async () => {
  const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'one two three' }];
  const words = (text: string): number => text.split(' ').length;
  expect(estimatePrompt({ messages }, words)).toEqual({ promptTokens: 3 });
  const later = estimatePrompt({ messages }, async (text) => words(text) + 0.5);
  expect(await later).toEqual({ promptTokens: 4 });
});

test('the most that a call can cost is exact, with nothing in the cache', () => {
  // 1,000 × 0.15 and 8,192 × 0.6, a million tokens each.
  expect(maxUsdOf(prices, 1_000, assumedAnswerTokens)).toBe('0.0050652');
  expect(maxUsdOf(prices, 0, 0)).toBe('0');
});

test('where there are peak hours the dearer price holds', () => {
  const peak = { factor: 2, hoursUTC: [[1, 4]] as const, days: [1, 2, 3, 4, 5] };
  expect(maxUsdOf({ ...prices, peak }, 1_000, 8_192)).toBe('0.0101304');
  expect(maxUsdOf({ ...prices, peak: { ...peak, factor: 0.5 } }, 1_000, 8_192)).toBe('0.0050652');
  expect(maxUsdOf({ ...prices, cacheHit: '0.3' }, 1_000, 0)).toBe('0.0003');
});

test('prices or counts that are none give no cost', () => {
  expect(maxUsdOf({ ...prices, output: 'free' }, 1, 1)).toBeUndefined();
  for (const count of [Number.NaN, -1, 1.5, Infinity]) {
    expect(maxUsdOf(prices, count, 1)).toBeUndefined();
    expect(maxUsdOf(prices, 1, count)).toBeUndefined();
  }
});

test('a stream goes on within its reserve, sets more aside beyond it, and ends where none is left', () => {
  const { ledger, budget } = budgetOf('0.0012');
  const usd = maxUsdOf(prices, 0, 100) as string;
  const meter = createStreamMeter({ reservation: reserve(budget, usd), prices, answerTokens: 100 });
  const piece = 'x'.repeat(100);
  const results = Array.from({ length: 100 }, () => meter.text(piece));
  // 30 tokens a piece: 100 are reserved, and 1,024 more cost 0.0006144 each time.
  expect(results.indexOf(false)).toBe(Math.floor((100 + 1_024) / 30));
  expect(results.slice(0, results.indexOf(false)).every((each) => each === true)).toBe(true);
  expect(ledger.readSpend('client')).toBe('0.0006744');
});

test('the vendor’s own count takes the place of the estimate', () => {
  const { budget } = budgetOf('0.0001');
  const meter = createStreamMeter({
    reservation: reserve(budget, '0.00006'),
    prices,
    answerTokens: 100,
  });
  expect(meter.text('x'.repeat(330))).toBe(true);
  expect(meter.usage({ completion_tokens: 60 })).toBe(true);
  expect(meter.text('x'.repeat(130))).toBe(true);
  expect(meter.usage({ completion_tokens: null })).toBe(true);
  expect(meter.usage({ completion_tokens: 101 })).toBe(false);
});

test('one large piece may need several steps', () => {
  const { ledger, budget } = budgetOf('1');
  const meter = createStreamMeter({ reservation: reserve(budget, '0'), prices, answerTokens: 0 });
  expect(meter.text('x'.repeat(10_000))).toBe(true);
  expect(ledger.readSpend('client')).toBe('0.0018432');
});

test('totals are what was told, and name what was not', () => {
  const totals = createTotals();
  expect(totals.read()).toEqual({ calls: 0, attempts: 0, usage: {}, byProvider: {} });
  const usage = {
    prompt_tokens: 10,
    completion_tokens: 5,
    total_tokens: 15,
    prompt_tokens_details: { cached_tokens: 3 },
  };
  totals.addTurn('other', { attempts: [{ status: 503, error: 'overloaded' }] });
  totals.addTurn('one', { attempts: [{ status: 200 }], usage, cost: { usd: '0.1' } });
  totals.addCall('one');
  totals.addTurn('one', {
    attempts: [{ status: 200, error: 'stream_interrupted' }, { status: 200 }],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    cost: { usd: '0.20000000000000001' },
  });
  totals.addCall('one');
  const sum = {
    prompt_tokens: 11,
    completion_tokens: 7,
    total_tokens: 18,
    prompt_tokens_details: { cached_tokens: 3 },
  };
  const cost = { usd: '0.30000000000000001', unpriced: 1 };
  expect(totals.read()).toEqual({
    calls: 2,
    attempts: 4,
    usage: sum,
    cost,
    byProvider: {
      one: { calls: 2, attempts: 3, usage: sum, cost },
      other: { calls: 0, attempts: 1, usage: {} },
    },
  });
});

test("a counter in a place that is not its own is the vendor's, and whatever it is, nothing fails over it", () => {
  const totals = createTotals();
  const odd = [
    { cached_tokens: 8, prompt_tokens_details: { reasoning_tokens: 'x', cached_tokens: 2 } },
    { cached_tokens: { text_tokens: 1 }, prompt_tokens_details: 7, prompt_tokens: '5' },
    { prompt_tokens_details: { prompt_tokens_details: { cached_tokens: 9 } } },
  ];
  for (const usage of [...odd, ...odd.toReversed()]) {
    totals.addTurn('one', { attempts: [{}], usage: { ...usage, total_tokens: 1 } as never });
  }
  expect(totals.read().usage).toEqual({
    total_tokens: 6,
    prompt_tokens_details: { cached_tokens: 4 },
  });
});

test.each([
  ['could not be reached', { error: 'connection' }, false],
  ['refused the request', { status: 429, error: 'rate_limit' }, false],
  ['had no capacity', { status: 503, error: 'overloaded' }, false],
  [
    'documents that it bills no such failure',
    { status: 500, error: 'server_error', billed: false },
    false,
  ],
  ['failed at work', { status: 500, error: 'server_error' }, true],
  ['was silent for too long', { error: 'timeout' }, true],
  ['was cut off', { status: 200, error: 'stream_interrupted' }, true],
  ['answered', { status: 200 }, true],
])(
  'an attempt at a vendor that %s is named as unpriced only if it may be billed',
  (_what, attempt, isNamed) => {
    const totals = createTotals();
    totals.addTurn('one', { attempts: [attempt] });
    expect(totals.read().cost).toEqual(isNamed ? { usd: '0', unpriced: 1 } : undefined);
  },
);

test('what is read of totals does not change with them', () => {
  const totals = createTotals();
  const report = { attempts: [{}], usage: { prompt_tokens: 1 } };
  totals.addTurn('one', report);
  const before = totals.read();
  totals.addTurn('one', report);
  expect(before.usage).toEqual({ prompt_tokens: 1 });
});

test('errors of the budget say what it was about, and that trying again is of no use', () => {
  const standing = { limitUsd: '5', spentUsd: '1', heldUsd: '3', heldCalls: 2, leftUsd: '1' };
  expect(budgetRefused('6.5', standing)).toMatchObject({
    code: 'budget_exceeded',
    retryable: false,
    param: 'maxCostUsd',
  });
  expect(budgetRefused('6.5', standing).message).toContain('6.5 USD');
  expect(budgetRefused('6.5', standing).message).toContain(
    'maxCostUsd 5 leaves 1 (1 spent, 3 held for 2 calls in flight)',
  );
  expect(costUnknown('5').message).toContain('Give prices');
  expect(budgetPassed(standing).code).toBe('budget_exceeded');
});

test('a limit says what is spent, what is held for calls under way, and what is left', async () => {
  const { budget } = budgetOf('1');
  reserve(budget, '0.3').settle('0.1');
  const open = reserve(budget, '0.2');
  reserve(budget, '0.1').settle(undefined);
  await open.extend('0.2');
  expect(await budget.standing()).toEqual({
    limitUsd: '1',
    // What nobody knows the cost of may have been spent.
    spentUsd: '0.2',
    heldUsd: '0.4',
    heldCalls: 1,
    leftUsd: '0.4',
  });
  await open.settle('1.5');
  expect(await budget.standing()).toMatchObject({ spentUsd: '1.7', heldUsd: '0', leftUsd: '0' });
});
