import * as fc from 'fast-check';
import type { ChatCompletionMessageParam, FittedMessages } from 'deepseek-v4-flash';
import { explainMessages, fitMessages, isChatError } from 'deepseek-v4-flash';
import { expect, expectTypeOf, test } from 'vitest';

const words = (text: string): number => text.split(' ').filter(Boolean).length;

const system: ChatCompletionMessageParam = { role: 'system', content: 'be kind' };
const user = (content: string): ChatCompletionMessageParam => ({ role: 'user', content });
const assistant = (content: string): ChatCompletionMessageParam => ({ role: 'assistant', content });
const call = (id: string): ChatCompletionMessageParam => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name: 'look', arguments: '{}' } }],
});
const result = (id: string): ChatCompletionMessageParam => ({
  role: 'tool',
  tool_call_id: id,
  content: 'one two three',
});

const history = [
  system,
  user('first question'),
  assistant('first answer'),
  user('second question'),
  call('1'),
  result('1'),
  assistant('second answer'),
  user('third question'),
];

test('what fits stays as it is, the messages themselves', () => {
  const fitted = fitMessages(history, { maxTokens: 100, countTokens: words });
  expectTypeOf(fitted).toEqualTypeOf<FittedMessages>();
  expect(fitted).toEqual({ messages: history, dropped: [], tokens: 16 });
  expect(fitted.messages[3]).toBe(history[3]);
  expect(fitted.messages).not.toBe(history);
});

test('the oldest turn goes first, whole, and is told', () => {
  const fitted = fitMessages(history, { maxTokens: 15, countTokens: words });
  expect(fitted.dropped).toEqual(history.slice(1, 3));
  expect(fitted.messages).toEqual([system, ...history.slice(3)]);
  expect(fitted.tokens).toBe(12);
});

test('a call goes together with its results', () => {
  const fitted = fitMessages(history, { maxTokens: 11, countTokens: words });
  expect(fitted.dropped).toEqual(history.slice(1, 7));
  expect(fitted.messages).toEqual([system, history[7]]);
});

test('instructions in the middle stay in their place', () => {
  const developer: ChatCompletionMessageParam = { role: 'developer', content: 'now in German' };
  const messages = [user('one two'), developer, assistant('three four'), user('five')];
  expect(fitMessages(messages, { maxTokens: 4, countTokens: words })).toEqual({
    messages: [developer, user('five')],
    dropped: [user('one two'), assistant('three four')],
    tokens: 4,
  });
});

test('messages of the user that follow one another are one turn, also with instructions between', () => {
  const messages = [user('a'), assistant('b'), user('c'), system, user('d'), assistant('e')];
  const { dropped } = fitMessages(messages, { maxTokens: 5, countTokens: words });
  expect(dropped).toEqual([user('a'), assistant('b')]);
  expect(() => fitMessages(messages, { maxTokens: 4, countTokens: words })).toThrow(/last turn/);
});

test('when even the last turn does not fit, that is an error, and no silent cut', () => {
  const fit = (): unknown => fitMessages(history, { maxTokens: 3, countTokens: words });
  expect(fit).toThrow('The instructions and the last turn have 4 tokens, and maxTokens is 3');
  try {
    fit();
  } catch (error) {
    expect(isChatError(error, 'context_length') && !error.retryable).toBe(true);
  }
});

test('without a counter the rule of 0.3 tokens a character holds', () => {
  const messages = [user('x'.repeat(100)), assistant('y'.repeat(100)), user('z'.repeat(100))];
  expect(fitMessages(messages, { maxTokens: 89 })).toMatchObject({
    tokens: 30,
    messages: [{ content: 'z'.repeat(100) }],
  });
  expect(fitMessages(messages, { maxTokens: 90 }).dropped).toEqual([]);
});

test('a counter that answers later makes the result a promise', async () => {
  const later = fitMessages(history, { maxTokens: 15, countTokens: async (text) => words(text) });
  expectTypeOf(later).toEqualTypeOf<Promise<FittedMessages>>();
  expect(later).toBeInstanceOf(Promise);
  expect((await later).dropped).toHaveLength(2);
});

test('no messages fit', () => {
  expect(fitMessages([], { maxTokens: 1 })).toEqual({ messages: [], dropped: [], tokens: 0 });
});

const wrong: [string, () => unknown, string][] = [
  ['no options', () => fitMessages(history, undefined as never), 'invalid_options'],
  ['NaN', () => fitMessages(history, { maxTokens: Number.NaN }), 'invalid_options'],
  ['zero', () => fitMessages(history, { maxTokens: 0 }), 'invalid_options'],
  ['text', () => fitMessages(history, { maxTokens: '9' as never }), 'invalid_options'],
  ['another name', () => fitMessages(history, { max_tokens: 9 } as never), 'invalid_options'],
  [
    'a counter that gives NaN',
    () => fitMessages(history, { maxTokens: 9, countTokens: () => Number.NaN }),
    'invalid_options',
  ],
  ['no list', () => fitMessages('hi' as never, { maxTokens: 9 }), 'invalid_request'],
  ['no message', () => fitMessages([{} as never], { maxTokens: 9 }), 'invalid_request'],
];

test.each(wrong)('%s is refused', (_what, act, code) => {
  let caught: unknown;
  try {
    act();
  } catch (error) {
    caught = error;
  }
  expect(caught).toMatchObject({ code });
});

const turn = fc.oneof(
  fc.constant([user('ask'), assistant('answer')]),
  fc.constant([user('ask'), call('1'), result('1'), assistant('done')]),
  fc.constant([user('ask'), user('more'), assistant('answer')]),
  fc.constant([system, user('ask'), assistant('answer')]),
);

test('whatever is dropped, what is left fits, can be sent, and loses no instruction', () => {
  const check = fc.property(
    fc.array(turn, { maxLength: 12 }),
    fc.integer({ min: 3, max: 60 }),
    (turns, maxTokens) => {
      const messages = [...turns.flat(), user('last')];
      const isInstruction = ({ role }: ChatCompletionMessageParam): boolean => role === 'system';
      const instructions = messages.filter(isInstruction);
      fc.pre(instructions.length * 2 + 2 <= maxTokens);
      const fitted = fitMessages(messages, { maxTokens, countTokens: words });
      expect(fitted.tokens).toBeLessThanOrEqual(maxTokens);
      expect(fitted.messages.filter(isInstruction)).toEqual(instructions);
      expect(fitted.messages.at(-1)).toEqual(user('last'));
      expect(fitted.messages.length + fitted.dropped.length).toBe(messages.length);
      expect(
        explainMessages(fitted.messages, 'deepseek').map(({ outcome }) => outcome),
      ).not.toContain('refused');
    },
  );
  fc.assert(check, { numRuns: 100 });
});
