import { readFileSync } from 'node:fs';
import { providers } from 'deepseek-v4-flash';
import { expect, test } from 'vitest';
import { byAge, readFacts } from '../facts/read-facts.ts';

const file = `
// A vendor. Sources, as read on 2026-08-01:
//   chat    https://vendor.example/chat
//   price   the page on prices
// and on 2026-11-25:
//   bot     https://vendor.example/bot
export const decoder = createDecoder({ id: 'vendor' });
export const vendor = createProvider(decoder, {
  models: {
    flash: {
      // chat: at most 16.
      stop: 16,
      prices: { date: '2026-11-20', output: '1' },
    },
  },
  // bot: in a list
  // of its own.
  serverTools: 'x',
  // Seen on every answer.
  requestIdHeader: 'x-id',
  // tool guide (https://vendor.example/tools, 2026-10-01)
  strictTools: 'sent',
});`;

test('facts come with their source and the day on which it was read', () => {
  expect(readFacts('vendor', file)).toEqual([
    {
      vendor: 'vendor',
      fact: 'models.flash.stop',
      source: 'https://vendor.example/chat',
      readOn: '2026-08-01',
      words: 'chat: at most 16.',
    },
    {
      vendor: 'vendor',
      fact: 'models.flash.prices',
      source: "the vendor's pages",
      readOn: '2026-11-20',
      words: 'as read on 2026-11-20',
    },
    {
      vendor: 'vendor',
      fact: 'serverTools',
      source: 'https://vendor.example/bot',
      readOn: '2026-11-25',
      words: 'bot: in a list of its own.',
    },
    {
      vendor: 'vendor',
      fact: 'requestIdHeader',
      source: 'seen in answers',
      readOn: undefined,
      words: 'Seen on every answer.',
    },
    {
      vendor: 'vendor',
      fact: 'strictTools',
      source: 'https://vendor.example/tools',
      readOn: '2026-10-01',
      words: 'tool guide (https://vendor.example/tools, 2026-10-01)',
    },
  ]);
});

test('what is over 90 days old comes first, then what has no date', () => {
  const facts = byAge(readFacts('vendor', file), new Date('2026-11-30'));

  expect(facts.map(({ fact, ageDays }) => [fact, ageDays])).toEqual([
    ['models.flash.stop', 121],
    ['requestIdHeader', undefined],
    ['strictTools', 60],
    ['models.flash.prices', 10],
    ['serverTools', 5],
  ]);
});

test('every vendor of the registry has facts with a source', () => {
  for (const id of Object.keys(providers)) {
    const text = readFileSync(new URL(`../../src/providers/${id}.ts`, import.meta.url), 'utf8');
    const facts = readFacts(id, text);
    expect(facts.length).toBeGreaterThan(0);
    expect(facts.some(({ readOn }) => readOn !== undefined)).toBe(true);
  }
});
