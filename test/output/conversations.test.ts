import type {
  ChatCompletionMessage,
  ChatCompletionMessageParam,
  ProviderId,
  RunnableTool,
} from 'deepseek-v4-flash';
import { explainMessages, tool } from 'deepseek-v4-flash';
import type { EmulatorAnswer, EmulatorRequest, PlayedResponse } from 'deepseek-v4-flash/testing';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { connect, user, wireMessages } from '../kit/emulated.ts';
import { vendors } from '../kit/vendors.ts';

// Conversations of three turns with thinking on, in each of which the model calls tools before it answers. Every turn may
// be held with another vendor; each vendor puts fields of its own into its messages.

type Fields = Record<string, unknown>;

/** Puts a vendor's own fields into the message of an answer and into its calls, whole or streamed. */
function withExtras(mark: string): (response: PlayedResponse) => PlayedResponse {
  const addTo = (message: Fields): void => {
    Object.assign(message, { vendor_trace: mark, vendor_scores: { [mark]: 1 } });
    for (const call of (message.tool_calls ?? []) as Fields[]) {
      if (call.id !== undefined) call.vendor_signature = mark;
    }
  };
  const rewrite = (json: string): string => {
    const body = JSON.parse(json) as { choices?: Fields[] };
    for (const choice of body.choices ?? []) {
      choice.vendor_rank = mark;
      for (const place of ['message', 'delta']) {
        if (choice[place] !== undefined) addTo(choice[place] as Fields);
      }
    }
    return JSON.stringify(body);
  };
  return (response) => ({
    ...response,
    writes: response.writes.map((write) => {
      if (typeof write !== 'string') return write;
      const start = write.indexOf('{');
      if (start === -1) return write;
      const end = write.lastIndexOf('}') + 1;
      return write.slice(0, start) + rewrite(write.slice(start, end)) + write.slice(end);
    }),
  });
}

const depth = tool({
  name: 'depth',
  description: 'The depth of a lake',
  parameters: z.object({ lake: z.string() }),
  execute: ({ lake }) => `${lake}: ${lake.length} m "deep"`,
});

/** What the model says in one turn: first to call, then to answer. */
interface Turn {
  question: string;
  calling: EmulatorAnswer;
  answering: EmulatorAnswer;
}

const call = (id: string, lake: string) => ({ id, name: 'depth', arguments: { lake } });

const turns: Turn[] = [
  {
    question: 'How deep are Loch Ness and Inari?',
    calling: {
      // Whitespace at both ends, quotes, and a pair of surrogates that a stream may tear apart.
      reasoning_content: '\n  Two lakes: "Ness" & 〈Inari〉 🌊🌊🌊🌊🌊🌊🌊🌊 \t\\n ',
      tool_calls: [call('call_ness', 'Ness'), call('call_inari', 'Inari')],
    },
    answering: { reasoning_content: 'Both are known.', content: 'Deep enough.' },
  },
  {
    question: 'And Baikal?',
    // A turn without a word of reasoning, and without content.
    calling: { reasoning_content: '', content: null, tool_calls: [call('call_baikal', 'Baikal')] },
    answering: { reasoning_content: 'That is the deepest.', content: 'The deepest.' },
  },
  {
    question: 'And Müritz?',
    calling: {
      reasoning_content: 'One more…',
      content: 'Wait.',
      tool_calls: [call('m', 'Müritz')],
    },
    answering: { reasoning_content: '', content: 'Shallow.' },
  },
];

/** The reasoning of every assistant message, in order. */
const reasoned = turns.flatMap(({ calling, answering }) => [
  calling.reasoning_content,
  answering.reasoning_content,
]);

type Connection = ReturnType<typeof connect>;
type Hold = (
  connection: Connection,
  messages: ChatCompletionMessageParam[],
) => Promise<ChatCompletionMessageParam[]>;

async function runCallsByHand(
  message: ChatCompletionMessage,
  messages: ChatCompletionMessageParam[],
): Promise<void> {
  for (const made of message.tool_calls ?? []) {
    if (made.type !== 'function') throw new Error('No custom tools here');
    const scope = { signal: new AbortController().signal, call: made, step: 1, context: undefined };
    const args = JSON.parse(made.function.arguments) as { lake: string };
    const content = await depth.execute(args, scope);
    messages.push({ role: 'tool', tool_call_id: made.id, content });
  }
}

const thinking = { type: 'enabled' } as const;

/** A loop as people write it: the message of the answer goes straight back. */
function byHand(
  ask: (
    connection: Connection,
    messages: ChatCompletionMessageParam[],
  ) => Promise<ChatCompletionMessage>,
): Hold {
  return async (connection, given) => {
    const messages = [...given];
    for (;;) {
      const message = await ask(connection, messages);
      messages.push(message);
      if (!message.tool_calls?.length) return messages;
      await runCallsByHand(message, messages);
    }
  };
}

const tools: RunnableTool[] = [depth];

const holds: Record<string, Hold> = {
  whole: byHand(async ({ completions }, messages) => {
    const completion = await completions.create({ messages, tools, thinking });
    return completion.choices[0].message;
  }),
  streamed: byHand(async ({ completions }, messages) => {
    const stream = await completions.create({ messages, tools, thinking, stream: true });
    const completion = await stream.finalCompletion();
    return completion.choices[0].message;
  }),
  'run by runTools': async ({ completions }, messages) => {
    const result = await completions.runTools({ messages, tools, thinking }).final();
    expect(result.end).toBe('answered');
    return result.messages;
  },
};

/** The fields that each kind of message may have on the wire in these conversations. */
const allowed: Record<string, string[]> = {
  user: ['content', 'role'],
  assistant: ['content', 'reasoning_content', 'role', 'tool_calls'],
  tool: ['content', 'role', 'tool_call_id'],
};

/** Holds a request against what was said so far. */
function checkRequest(request: EmulatorRequest): void {
  expect(request.undocumented).toEqual([]);
  expect(JSON.stringify(request.body)).not.toContain('OWN-FIELD');
  const assistants = wireMessages(request).filter(({ role }) => role === 'assistant');
  for (const message of wireMessages(request)) {
    const role = message.role ?? '';
    expect(allowed[role]).toEqual(expect.arrayContaining(Object.keys(message)));
    for (const each of message.tool_calls ?? []) {
      expect(Object.keys(each).toSorted()).toEqual(['function', 'id', 'type']);
      expect(Object.keys(each.function ?? {}).toSorted()).toEqual(['arguments', 'name']);
    }
  }
  for (const [index, { reasoning_content }] of assistants.entries()) {
    // Verbatim; and empty where there was none, since DeepSeek's model refuses a turn without.
    expect(reasoning_content).toBe(reasoned[index]);
  }
}

/** Goes through all turns, each with its vendor; gives the roles of the messages that there are then. */
async function converse(hold: Hold, route: readonly ProviderId[]): Promise<string> {
  let messages: ChatCompletionMessageParam[] = [];
  for (const [index, provider] of route.entries()) {
    const turn = turns[index] as Turn;
    const connection = connect({ provider });
    const fault = withExtras(`OWN-FIELD of ${provider}`);
    connection.emulator.reply({ fault, answer: turn.calling }, { fault, answer: turn.answering });
    messages = await hold(connection, [...messages, user(turn.question)]);

    const { requests } = connection.emulator;
    expect(requests).toHaveLength(2);
    requests.forEach(checkRequest);
    const [first, second] = requests as [EmulatorRequest, EmulatorRequest];
    // Everything that was said before is there, the user's last word last.
    expect(wireMessages(first)).toHaveLength(messages.length - answersIn(messages) - 2);
    expect(wireMessages(first).at(-1)).toEqual(user(turn.question));
    expect(wireMessages(second).at(-1)).toMatchObject({ role: 'tool' });
    expect(messages.at(-1)).toMatchObject({ content: turn.answering.content });
  }
  const results = messages.flatMap((each) => (each.role === 'tool' ? [each.content] : []));
  expect(results).toEqual(
    ['Ness', 'Inari', 'Baikal', 'Müritz'].map((lake) => `${lake}: ${lake.length} m "deep"`),
  );
  // The messages do hold what may not be sent on.
  expect(JSON.stringify(messages)).toContain('OWN-FIELD');
  const refusals = vendors
    .flatMap((vendor) => explainMessages(messages, vendor))
    .filter(({ outcome }) => outcome === 'refused');
  expect(refusals).toEqual([]);
  return messages.map(({ role }) => role).join(' ');
}

const oneCall = 'user assistant tool assistant';
const allTurns = `user assistant tool tool assistant ${oneCall} ${oneCall}`;

/** How many results of tools the last turn had. */
function answersIn(messages: readonly ChatCompletionMessageParam[]): number {
  const last = messages.findLastIndex(({ role }) => role === 'user');
  return messages.slice(last).filter(({ role }) => role === 'tool').length;
}

const pairs = vendors.flatMap((one) => vendors.map((other) => [one, other] as const));

describe.each(Object.entries(holds))('%s, a conversation of three turns', (_name, hold) => {
  test.each(vendors)('holds at %s', async (vendor) => {
    expect(await converse(hold, [vendor, vendor, vendor])).toBe(allTurns);
  });

  // Away and back again, so that every pair is gone through in both directions.
  test.each(pairs)('holds from %s to %s and back', async (one, other) => {
    expect(await converse(hold, [one, other, one])).toBe(allTurns);
  });

  test('holds with a third vendor in its third turn', async () => {
    for (const [index, vendor] of vendors.entries()) {
      const [second, third] = [1, 2].map((step) => vendors[(index + step) % vendors.length]);
      const route = [vendor, second as ProviderId, third as ProviderId];
      expect(await converse(hold, route)).toBe(allTurns);
    }
  });
});

test.each(vendors)('at %s, what was told whole and streamed goes back alike', async (provider) => {
  const sent = await Promise.all(
    ['whole', 'streamed'].map(async (name) => {
      const connection = connect({ provider });
      const [turn] = turns as [Turn];
      connection.emulator.reply(turn.calling, turn.answering);
      await (holds[name] as Hold)(connection, [user(turn.question)]);
      return wireMessages(connection.emulator.requests.at(-1) as EmulatorRequest);
    }),
  );
  expect(sent[1]).toEqual(sent[0]);
});

test.each(vendors)('a turn that was written by hand is taken by %s', async (provider) => {
  const { completions, emulator } = connect({ provider });
  await completions.create({
    messages: [
      user('Hi'),
      { role: 'assistant', content: 'Hello.' },
      user('How deep is Inari?'),
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'depth', arguments: '{"lake":"Inari"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: '95 m' },
    ],
    tools,
    thinking,
  });
  const [request] = emulator.requests as [EmulatorRequest];
  expect(request.undocumented).toEqual([]);
  const reasoning = wireMessages(request)
    .filter(({ role }) => role === 'assistant')
    .map(({ reasoning_content }) => reasoning_content);
  expect(reasoning).toEqual(['', '']);
});
