import type {
  ChatCompletionMessageParam,
  ChatCompletionTool,
  MessageExplanation,
  Profile,
  ProviderId,
} from 'deepseek-v4-flash';
import { createClient, defineProvider, explainMessages, isChatError } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { vendors } from '../kit/vendors.ts';
import { partsOf, profileOf } from '../kit/facts.ts';

const seed = Number(process.env.OUTPUT_SEED ?? 20_261_121);

type Message = ChatCompletionMessageParam;

const user: Message = { role: 'user', content: 'How is the weather?' };
const call = (id: string, name = 'weather') => ({
  id,
  type: 'function' as const,
  function: { name, arguments: '{}' },
});
const result = (id: string): Message => ({ role: 'tool', tool_call_id: id, content: 'Rain.' });
const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } } as const;
const text = { type: 'text', text: 'What is this?' } as const;

interface Case {
  what: string;
  messages: readonly unknown[];
  /** `index path outcome`, each a word; nothing where it is clean. */
  at(profile: Profile): string | undefined;
  reason: RegExp;
}

const called: Message = {
  role: 'assistant',
  content: '',
  reasoning_content: 'Let me look.',
  tool_calls: [call('a')],
};

const cases: Case[] = [
  {
    what: 'a role that nobody knows',
    messages: [user, { role: 'robot', content: 'Beep' }],
    at: () => '1 messages.1.role refused',
    reason: /./,
  },
  {
    what: 'content of a wrong type',
    messages: [user, { role: 'system', content: 5 }],
    at: () => '1 messages.1.content refused',
    reason: /./,
  },
  {
    what: 'a call that is not answered',
    messages: [user, called, user],
    at: () => '1 messages.1.tool_calls.0 refused',
    reason: /not answered/,
  },
  {
    what: 'one of two calls that is not answered',
    messages: [user, { ...called, tool_calls: [call('a'), call('b')] }, result('a')],
    at: () => '1 messages.1.tool_calls.1 refused',
    reason: /not answered/,
  },
  {
    what: 'a tool message that answers nothing',
    messages: [user, result('a')],
    at: () => '1 messages.1.tool_call_id refused',
    reason: /answers no call/,
  },
  {
    what: 'a tool message that comes too late',
    messages: [user, called, result('a'), user, result('a')],
    at: () => '4 messages.4.tool_call_id refused',
    reason: /answers no call/,
  },
  {
    what: 'a turn without reasoning in a conversation with tools',
    messages: [
      user,
      { role: 'assistant', content: 'Sunny.' },
      user,
      called,
      result('a'),
      { role: 'assistant', content: 'Rain.', reasoning_content: 'It said so.' },
    ],
    // Only where the model may think, unless it is told not to.
    at: ({ thinking }) =>
      thinking.byDefault === 'off' ? undefined : '1 messages.1.reasoning_content adjusted',
    reason: /reasoning/,
  },
  {
    what: 'an image',
    messages: [user, { role: 'user', content: [text, image] }],
    at: (profile) =>
      partsOf(profile).includes('image_url') ? undefined : '1 messages.1.content.1 refused',
    reason: /image_url/,
  },
  {
    what: 'a file',
    messages: [{ role: 'user', content: [text, { type: 'file', file: { file_id: 'f' } }] }],
    at: (profile) => {
      if (!partsOf(profile).includes('file')) return '0 messages.0.content.1 refused';
      return profile.fileParts === 'flat' ? '0 messages.0.content.1.file adjusted' : undefined;
    },
    reason: /./,
  },
  {
    what: 'text in parts',
    messages: [{ role: 'user', content: [text, text] }],
    at: ({ textParts }) =>
      textParts === 'flattened' ? '0 messages.0.content adjusted' : undefined,
    reason: /one string/,
  },
  {
    what: 'text in parts in a tool message',
    messages: [user, called, { role: 'tool', tool_call_id: 'a', content: [text] }],
    at: ({ textParts }) => (textParts === 'sent' ? undefined : '2 messages.2.content adjusted'),
    reason: /one string/,
  },
  {
    what: 'a prefix that is not at the end',
    messages: [user, { role: 'assistant', content: 'It', prefix: true }, user],
    at: () => '1 messages.1.prefix refused',
    reason: /last message/,
  },
  {
    what: 'a prefix at the end',
    messages: [user, { role: 'assistant', content: 'It', prefix: true }],
    at: ({ prefix }) => {
      if (prefix === undefined) return '1 messages.1.prefix refused';
      return prefix === 'beta' ? '1 messages.1.prefix adjusted' : undefined;
    },
    reason: /prefix/,
  },
  {
    what: 'a call of a custom tool',
    messages: [
      user,
      {
        role: 'assistant',
        content: '',
        reasoning_content: '',
        tool_calls: [{ id: 'a', type: 'custom', custom: { name: 'grep', input: 'x' } }],
      },
      result('a'),
    ],
    at: () => '1 messages.1.tool_calls.0 refused',
    reason: /custom/,
  },
  {
    what: 'a name',
    messages: [user, { ...user, name: 'Ada' }],
    at: ({ names }) => (names === 'dropped' ? '1 messages.1.name adjusted' : undefined),
    reason: /name/,
  },
  {
    what: 'a name on a tool message',
    messages: [user, called, { ...result('a'), name: 'weather' }],
    at: ({ names }) => (names === 'sent' ? undefined : '2 messages.2.name adjusted'),
    reason: /name/,
  },
  {
    what: 'a refusal',
    messages: [user, { role: 'assistant', content: null, refusal: 'No.' }],
    at: ({ refusal }) =>
      refusal === 'sent' ? '1 messages.1.content adjusted' : '1 messages.1.refusal adjusted',
    reason: /refusals|null/,
  },
  {
    what: 'null beside calls',
    messages: [user, { ...called, content: null }, result('a')],
    at: () => '1 messages.1.content adjusted',
    reason: /null/,
  },
  {
    what: 'a message of the developer',
    messages: [{ role: 'developer', content: 'Be brief.' }, user],
    at: () => '0 messages.0.role adjusted',
    reason: /developer/,
  },
];

const clean: [what: string, messages: Message[]][] = [
  ['one question', [user]],
  [
    'a conversation',
    [
      { role: 'system', content: 'Be brief.' },
      user,
      { role: 'assistant', content: 'Rain.', reasoning_content: 'Autumn.' },
      user,
    ],
  ],
  [
    'a conversation with tools',
    [
      user,
      { ...called, tool_calls: [call('a'), call('b')] } as Message,
      result('b'),
      result('a'),
      { role: 'assistant', content: 'Rain.', reasoning_content: '' },
    ],
  ],
];

const brief = ({ index, path, outcome }: MessageExplanation): string =>
  `${index} ${path} ${outcome}`;

describe.each(vendors)('at %s', (provider) => {
  test.each(cases)('$what is explained', ({ messages, at, reason }) => {
    const explained = explainMessages(messages as Message[], provider);
    const expected = at(profileOf(provider));
    expect(explained.map(brief)).toEqual(expected === undefined ? [] : [expected]);
    for (const each of explained) {
      expect(each.reason).toMatch(reason);
      expect(Object.keys(each).toSorted()).toEqual(['index', 'outcome', 'path', 'reason']);
    }
  });

  test.each(clean)('there is nothing to say about %s', (_, messages) => {
    expect(explainMessages(messages, provider)).toEqual([]);
  });

  test('everything is said, in the order of the messages', () => {
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      result('z'),
      user,
      { role: 'robot', content: 'Beep' },
      { ...called, content: null },
      result('a'),
      { ...called, tool_calls: [call('b')] },
    ] as Message[];
    expect(explainMessages(messages, provider).map(brief)).toEqual([
      '0 messages.0.role adjusted',
      '1 messages.1.tool_call_id refused',
      '3 messages.3.role refused',
      '4 messages.4.content adjusted',
      '6 messages.6.tool_calls.0 refused',
    ]);
  });

  test('an empty conversation is refused', () => {
    expect(explainMessages([], provider)).toMatchObject([{ path: 'messages', outcome: 'refused' }]);
  });

  test('the messages are left as they are', () => {
    for (const { messages } of cases) {
      const before = structuredClone(messages);
      explainMessages(messages as Message[], provider);
      expect(messages).toEqual(before);
    }
  });
});

test('a vendor of one’s own is explained, and one that nobody knows is refused', () => {
  const blind = defineProvider({ id: 'blind', baseURL: 'https://blind.example/v1', parts: [] });
  const messages: Message[] = [{ role: 'user', content: [text, image] }];
  expect(explainMessages(messages, blind).map(brief)).toEqual(['0 messages.0.content.1 refused']);
  let error: unknown;
  try {
    explainMessages(messages, 'nobody' as ProviderId);
  } catch (reason) {
    error = reason;
  }
  expect(isChatError(error, 'invalid_options')).toBe(true);
});

const broken: [what: string, message: unknown, path: RegExp][] = [
  ['null', null, /^messages\.1$/],
  ['a word', 'Hi', /^messages\.1$/],
  [
    'a call without its function',
    { role: 'assistant', tool_calls: [{ id: 'a', type: 'function' }] },
    /^messages\.1\.tool_calls\.0/,
  ],
  ['calls that are no list', { role: 'assistant', tool_calls: 'a' }, /^messages\.1\.tool_calls/],
  ['a call that is null', { role: 'assistant', tool_calls: [null] }, /^messages\.1\.tool_calls\.0/],
];
test.each(broken)(
  'a stored conversation with %s in it is explained, not thrown at',
  (_, message, path) => {
    const messages = [user, message, user] as Message[];
    for (const provider of vendors) {
      const refused = explainMessages(messages, provider).filter(
        ({ outcome }) => outcome === 'refused',
      );
      expect(refused.length).toBeGreaterThan(0);
      for (const each of refused) {
        expect(each.index).toBe(1);
        expect(each.path).toMatch(path);
      }
    }
  },
);

test('a call of a tool whose name is too long is told of the message that calls it, once', () => {
  const name = 'x'.repeat(129);
  const messages: Message[] = [
    user,
    { ...called, tool_calls: [call('a', name)] } as Message,
    result('a'),
    user,
  ];
  const explained = explainMessages(messages, 'deepseek');
  expect(explained.every(({ path }) => path.startsWith('messages.1'))).toBe(true);
  expect(explained.every(({ index }) => index === 1)).toBe(true);
  expect(explained.length).toBeLessThanOrEqual(1);
});

// ---------------------------------------------------------------- agreement with what happens

const content = fc.constantFrom('', 'Hi', 'JSON');
const id = fc.constantFrom('a', 'b', 'c');
const name = fc.constantFrom(undefined, null, 'Ada');
const parts = fc.array(
  fc.constantFrom<unknown>(
    text,
    image,
    { type: 'file', file: { file_id: 'f' } },
    { type: 'input_audio', input_audio: { data: '', format: 'wav' } },
    { type: 'video_url', video_url: { url: 'https://example.com/a.mp4' } },
    { type: 'refusal', refusal: 'No.' },
  ),
  { maxLength: 2 },
);
const optional = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.option(arbitrary, { nil: undefined, freq: 2 });

const assistant = fc.record(
  {
    role: fc.constant('assistant'),
    content: fc.oneof(content, fc.constant(null), parts),
    name,
    reasoning_content: fc.constantFrom(null, '', 'Hm.'),
    refusal: fc.constantFrom(null, '', 'No.'),
    prefix: fc.constantFrom<boolean | null | undefined>(undefined, undefined, null, false, true),
  },
  { requiredKeys: ['role'] },
);

const single: fc.Arbitrary<unknown[]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ role: fc.constantFrom('user', 'system'), content, name })
      .map((m) => [m]),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ role: fc.constantFrom('developer', 'user'), content: parts })
      .map((m) => [m]),
  },
  { weight: 3, arbitrary: assistant.map((m) => [m]) },
  {
    weight: 1,
    arbitrary: fc.record({ role: fc.constantFrom('robot', 'function'), content }).map((m) => [m]),
  },
  { weight: 1, arbitrary: fc.record({ role: fc.constant('user') }).map((m) => [m]) },
);

/** Calls and their answers, some of them missing. */
const turn: fc.Arbitrary<unknown[]> = fc
  .record({
    message: assistant,
    calls: fc.uniqueArray(fc.record({ id, custom: fc.boolean() }), {
      minLength: 1,
      maxLength: 3,
      selector: (each) => each.id,
    }),
    forgotten: optional(id),
    custom: fc.constantFrom(false, false, false, true),
    toolContent: fc.oneof(content, parts),
    name,
  })
  .map(({ message, calls, forgotten, custom, toolContent, name: toolName }) => [
    {
      ...message,
      tool_calls: calls.map((each) =>
        custom && each.custom
          ? { id: each.id, type: 'custom', custom: { name: 'grep', input: 'x' } }
          : call(each.id),
      ),
    },
    ...calls
      .filter((each) => each.id !== forgotten)
      .map((each) => ({
        role: 'tool',
        tool_call_id: each.id,
        content: toolContent,
        name: toolName,
      })),
  ]);

const orphan: fc.Arbitrary<unknown[]> = id.map((each) => [result(each)]);

const conversation = (...pieces: fc.Arbitrary<unknown[]>[]): fc.Arbitrary<Message[]> =>
  fc
    .array(fc.oneof(...pieces), { minLength: 1, maxLength: 4 })
    .map((all) => structuredClone(all.flat()) as Message[]);

const tools: ChatCompletionTool[] = [
  {
    type: 'function',
    function: { name: 'weather', parameters: { type: 'object', properties: {} } },
  },
];

/** Whether the request fails, here or at the vendor. */
async function isRefused(messages: Message[], provider: ProviderId): Promise<boolean> {
  const { transport } = createEmulator({ strict: true });
  const client = createClient({
    provider,
    apiKey: 'test-key',
    transport,
    maxRetries: 0,
    onUnsupported: 'adjust',
  });
  try {
    client.chat.completions.prepare({ messages, tools });
    await client.chat.completions.create({ messages, tools });
    return false;
  } catch (error) {
    if (!isChatError(error)) throw error;
    expect(['invalid_request', 'unsupported_parameter', 'bad_request']).toContain(error.code);
    return true;
  }
}

async function expectAgreement(messages: fc.Arbitrary<Message[]>): Promise<void> {
  const seen = { refused: 0, sent: 0 };
  await fc.assert(
    fc.asyncProperty(messages, fc.constantFrom(...vendors), async (given, provider) => {
      const explained = explainMessages(given, provider);
      const says = explained.some(({ outcome }) => outcome === 'refused');
      seen[says ? 'refused' : 'sent']++;
      expect(says).toBe(await isRefused(given, provider));
      for (const { index, path } of explained)
        expect(path).toMatch(new RegExp(`^messages\\.${index}(\\.|$)`));
    }),
    { seed, numRuns: 800 },
  );
  // Neither side of the property may be empty.
  expect(Math.min(seen.refused, seen.sent)).toBeGreaterThan(40);
}

test('a conversation is said to be refused if it is, and only then', async () => {
  await expectAgreement(conversation(single, turn));
});

test('the same with tool messages that answer nothing', async () => {
  await expectAgreement(conversation(single, turn, orphan));
});
