import { tool } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { callOf, chunk, clientOf, codesOf, question, whole } from '../kit/wire.ts';

// A call that the model wrote as text, since the host could not read it, is no answer. It is never parsed and never run.

const invoke =
  '<｜DSML｜invoke name="read">\n<｜DSML｜parameter name="path" string="true">/a</｜DSML｜parameter>\n</｜DSML｜invoke>';
const block = `<｜DSML｜tool_calls>\n${invoke}\n</｜DSML｜tool_calls>`;

const calls: [string, string][] = [
  ['a block alone', block],
  ['a block behind words', `I will look.\n\n${block}\n`],
  ['a block by its other name', block.replaceAll('tool_calls', 'function_calls')],
  ['a block with plain bars', block.replaceAll('｜', '|')],
  ['an invocation without a block', invoke],
  ['a block cut in a value', block.slice(0, block.indexOf('/a') + 2)],
  ['a block cut in a closing tag', block.slice(0, -4)],
  ['a block cut in an opening tag', block.slice(0, block.indexOf('name="path"'))],
  ['the beginning of a block', '<｜DSML｜tool_calls>'],
];

const none: [string, string][] = [
  [
    'words about the tags',
    'DeepSeek writes <｜DSML｜invoke name="f"> … </｜DSML｜invoke> for a call.',
  ],
  ['a block in a fence', `It looks so:\n\`\`\`\n${block}\n\`\`\``],
  ['another markup', '<tool_call>{"name":"read"}</tool_call>'],
  ['an answer', 'The file is empty.'],
];

const tools = [
  { type: 'function' as const, function: { name: 'read', parameters: { type: 'object' } } },
];

describe.each(['content', 'reasoning_content'] as const)('in %s', (field) => {
  test.each(calls)('%s is an issue, whole and streamed', async (_what, text) => {
    const message = { content: 'x', [field]: text };
    const { client } = clientOf({ body: whole(message) });
    const params = { messages: question, tools };
    expect(codesOf(await client.chat.completions.create(params))).toEqual(['tool_call_in_text']);
    const streaming = clientOf({
      events: [...text].map((piece) => chunk({ [field]: piece })).concat(chunk({}, 'stop')),
    });
    const streamed = await streaming.client.chat.completions.stream(params).finalCompletion();
    expect(codesOf(streamed)).toContain('tool_call_in_text');
    expect(streamed.choices[0].message).toMatchObject({ [field]: text });
    expect(streamed.choices[0].message.tool_calls).toBeUndefined();
    // Without tools there is nobody to call.
    const { client: other } = clientOf({ body: whole(message) });
    expect(codesOf(await other.chat.completions.create({ messages: question }))).toEqual([]);
  });
});

test.each(none)('%s is none', async (_what, content) => {
  const { client } = clientOf({ body: whole({ content }) });
  expect(codesOf(await client.chat.completions.create({ messages: question, tools }))).toEqual([]);
});

describe('the tool loop', () => {
  const ran: unknown[] = [];
  const read = tool({
    name: 'read',
    parameters: z.object({ path: z.string().optional() }),
    execute: (args) => void ran.push(args),
  });
  const asText = { events: [chunk({ content: block }), chunk({}, 'stop')] };
  const asCall = {
    events: [
      chunk({ tool_calls: [callOf('a', 'read', '{"path":"/a"}', 0)] }),
      chunk({}, 'tool_calls'),
    ],
  };
  const answer = { events: [chunk({ content: 'It is empty.' }), chunk({}, 'stop')] };

  test('tells the model once, then ends empty, and never answered', async () => {
    ran.length = 0;
    const { client, requests } = clientOf([asText]);
    const run = client.chat.completions.runTools({ messages: question, tools: [read] });
    const { end, messages } = await run.final();
    expect(end).toBe('empty');
    expect(requests).toHaveLength(2);
    expect(ran).toEqual([]);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  });

  test('goes on if the model then calls as it should, and answers', async () => {
    ran.length = 0;
    const { client } = clientOf([asText, asCall, answer]);
    const run = client.chat.completions.runTools({ messages: question, tools: [read] });
    const { end, steps } = await run.final();
    expect(end).toBe('answered');
    expect(steps).toHaveLength(3);
    expect(ran).toEqual([{ path: '/a' }]);
  });

  test('ends with its last step all the same', async () => {
    const { client } = clientOf([asText]);
    const run = client.chat.completions.runTools({
      messages: question,
      tools: [read],
      maxSteps: 1,
    });
    expect((await run.final()).end).toBe('max_steps');
  });
});
