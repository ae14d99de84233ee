import { describe, expect, test } from 'vitest';
import { findObjects } from '../../src/values/find-objects.ts';

const good = '{"city":"Oslo","temp":3}';
const value = { city: 'Oslo', temp: 3 };

test.each([
  ['alone', good],
  ['in a fence', `Sure:\n\n\`\`\`json\n${good}\n\`\`\`\nDone.`],
  ['in a sentence', `It is ${good}, I think.`],
  [
    'behind a draft in a fence that is broken',
    `\`\`\`json\n{"city":"Os\n\`\`\`\n\nNow right:\n\`\`\`json\n${good}\n\`\`\``,
  ],
  ['behind a broken one and a blank line', `{"city":"Bergen" "temp":4}\n\n${good}`],
  ['behind an open brace and a blank line', `Use { to open.\n\n${good}`],
  ['behind a broken one, a blank line and a preface', `{"city":,}\n\nFinal answer: ${good}`],
  ['with texts that hold braces and quotes', `So: ${JSON.stringify({ ...value, note: '} " {' })}`],
])('an object is found %s', (_where, text) => {
  expect(findObjects(text)).toContainEqual(expect.objectContaining(value));
});

describe('a part of a broken one is no answer', () => {
  test.each([
    ['an unescaped quote', `{"note":"he said "hi"","of":${good}}`],
    ['a list that breaks', `{"items":[${good},{"city":"Ber`],
    ['a list of objects that breaks', `[${good},{"city":"Ber`],
    ['a list of objects that breaks, in a sentence', `They are [${good}, {"city":} ].`],
    ['a list of objects that is whole', `They are [${good}].`],
    ['a missing comma', `{"a":1 "of":${good}}`],
    ['a comment', `{"of":${good} // the capital\n}`],
    ['a blank line inside', `{"a":1\n\n"of":${good}}`],
    ['a blank line before the part', `{"a":[1,\n\n${good},\n{"b":`],
    ['a blank line and a line with its key', `{"a":1,,\n\n"of":\n${good}\n}`],
    ['braces in a preface', `The set {x | x > 0}: ${good}`],
    ['a brace that never closes', `An open { stands here. ${good}`],
    ['a fence in a text with line breaks', `{"a": "Use:\n\`\`\`json\n${good}\n\`\`\`\nok"}`],
    ['a blank line in a list', `[\n{"a" 1}\n\n${good}\n\n{"b":3}\n]`],
    ['a draft before a broken one', `Draft: ${good}\n\nFinal: {"city":"Oslo",}`],
    ['one before another that is cut off', `${good} and now the real one {"city":`],
    ['a second broken one behind a blank line', `{"a":,}\n\n{"b":${good},,}`],
  ])('%s', (_what, text) => {
    expect(findObjects(text)).not.toContainEqual(value);
  });
});

test('a text of a million brackets or escapes is read to its end', () => {
  for (const text of [
    '{'.repeat(1_000_000),
    '{"a":"'.repeat(100_000),
    '[{'.repeat(500_000),
    `{"a":"${'\\"'.repeat(4_000_000)}`,
    `x {"a":"${'\\\\'.repeat(4_000_000)}"} ,,`,
    '{\n\n'.repeat(250_000),
    '```{'.repeat(250_000),
  ]) {
    expect(findObjects(text).length).toBeLessThan(2);
  }
});
