import { readFile } from 'node:fs/promises';
import { createDeepSeek } from '@ai-sdk/deepseek';
import { createClient, tool } from 'deepseek-v4-flash';
import type { EmulatorReply } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { generateText, Output, stepCountIs, streamText, tool as aiTool } from 'ai';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  generateObject as xsaiObject,
  generateText as xsaiText,
  streamText as xsaiStream,
} from 'xsai';
import * as z from 'zod';

// The table of the README, tried: each library with its own means, against DeepSeek as it is emulated, which refuses what
// DeepSeek documents as refused.

type Library = 'openai' | 'ai' | 'xsai' | 'ours';
/** Whether it worked; each library may have several ways. */
type Ways = Record<Library, (() => PromiseLike<boolean>)[]>;

const columns: readonly Library[] = ['openai', 'ai', 'xsai', 'ours'];
const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');

function cellsOf(feature: string): Record<Library, string> {
  const row = readme.split('\n').find((line) => line.startsWith(`| ${feature} |`));
  const cells = row?.split('|').map((cell) => cell.trim()) ?? [];
  return Object.fromEntries(columns.map((name, at) => [name, cells[at + 2]])) as never;
}

const emulator = await startEmulator();
afterAll(() => emulator.close());
beforeEach(() => emulator.assertNoPendingReplies());
vi.stubGlobal('AI_SDK_LOG_WARNINGS', false);

const model = 'deepseek-v4-flash';
const at = { baseURL: emulator.baseURL('deepseek'), apiKey: 'any' };
const openai = new OpenAI({ ...at, maxRetries: 0 });
const deepseek = createDeepSeek(at)(model);
const xsai = { ...at, baseURL: `${at.baseURL}/`, model };
const { completions } = createClient({ ...at, maxRetries: 0 }).chat;

const messages = [{ role: 'user' as const, content: 'A recipe, as JSON.' }];
const answer = { reasoning_content: 'Think first.', content: 'One two three four.' };
const Recipe = z.object({ title: z.string(), minutes: z.number() });

/** Whether what is asked for fails. */
const fails = (asked: PromiseLike<unknown>): Promise<boolean> =>
  Promise.resolve(asked).then(
    () => false,
    () => true,
  );
const works = async (asked: PromiseLike<unknown>): Promise<boolean> => !(await fails(asked));

async function read(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _item of items);
}

/** The answer after the call, and not the step before it. */
function expectAnswer(text: string | null | undefined): void {
  if (text !== answer.content) throw new Error(`The run ended with ${text}`);
}

const parameters = { type: 'object' as const, properties: {} };
const wireTool = { type: 'function' as const, function: { name: 'now', parameters } };
const call = { reasoning_content: 'Look it up.', tool_calls: [{ name: 'now', arguments: {} }] };
const ourTool = tool({ name: 'now', parameters: z.object({}), execute: () => 'noon' });
const theirTool = { now: aiTool({ inputSchema: z.object({}), execute: () => 'noon' }) };

const features: Record<string, { replies?: EmulatorReply[]; ways: Ways }> = {
  'A cut stream is an error': {
    replies: [{ ...faults.cutBefore('before finish', 'end'), answer }],
    ways: {
      openai: [
        () => fails(openai.chat.completions.create({ model, messages, stream: true }).then(read)),
        () => fails(openai.chat.completions.stream({ model, messages }).finalChatCompletion()),
      ],
      ai: [
        async () => {
          let isTold = false;
          const onError = (): void => void (isTold = true);
          const { textStream, text } = streamText({ model: deepseek, messages, onError });
          await read(textStream);
          return isTold || (await fails(text));
        },
      ],
      xsai: [
        async () => {
          const { textStream, steps } = xsaiStream({ ...xsai, messages });
          return (await fails(read(textStream))) || (await fails(steps));
        },
      ],
      ours: [
        () => fails(read(completions.stream({ messages }))),
        () => fails(completions.stream({ messages }).finalCompletion()),
      ],
    },
  },
  'Reasoning is in the streamed answer': {
    replies: [answer],
    ways: {
      openai: [
        () =>
          openai.chat.completions
            .stream({ model, messages })
            .finalChatCompletion()
            .then(({ choices }) => JSON.stringify(choices).includes('Think first.')),
      ],
      ai: [
        () =>
          streamText({ model: deepseek, messages }).reasoningText.then(
            (text) => text === 'Think first.',
          ),
      ],
      xsai: [
        async () => {
          const { reasoningTextStream, textStream } = xsaiStream({ ...xsai, messages });
          let said = '';
          const reading = read(textStream);
          for await (const text of reasoningTextStream) said += text;
          await reading;
          return said === 'Think first.';
        },
      ],
      ours: [
        () =>
          completions
            .stream({ messages })
            .finalCompletion()
            .then(({ choices }) => choices[0].message.reasoning_content === 'Think first.'),
      ],
    },
  },
  'Tool calls work while the model thinks': {
    replies: [call, answer],
    ways: {
      openai: [
        () => {
          const func = { ...wireTool.function, parse: JSON.parse, function: () => 'noon' };
          const tools = [{ type: 'function' as const, function: { ...func, description: 'now' } }];
          const run = openai.chat.completions.runTools({ model, messages, tools });
          return works(run.finalContent().then(expectAnswer));
        },
      ],
      ai: [
        () =>
          works(
            generateText({
              model: deepseek,
              messages,
              tools: theirTool,
              stopWhen: stepCountIs(3),
            }).then(({ text }) => expectAnswer(text)),
          ),
      ],
      xsai: [
        () => {
          const tools = [{ ...wireTool, execute: () => 'noon' }];
          const run = xsaiText({
            ...xsai,
            messages,
            tools,
            maxSteps: 3,
          } as never);
          return works(run.then(({ text }) => expectAnswer(text)));
        },
      ],
      ours: [
        () =>
          works(
            completions
              .runTools({ messages, tools: [ourTool] })
              .final()
              .then(({ completion }) => expectAnswer(completion.text)),
          ),
      ],
    },
  },
  "`tool_choice: 'required'` as well": {
    ways: {
      openai: [
        () =>
          works(
            openai.chat.completions.create({
              model,
              messages,
              tools: [wireTool],
              tool_choice: 'required',
            }),
          ),
      ],
      ai: [
        () =>
          works(
            generateText({
              model: deepseek,
              messages,
              tools: theirTool,
              toolChoice: 'required',
              maxRetries: 0,
            }),
          ),
      ],
      xsai: [
        () => {
          const tools = [{ ...wireTool, execute: () => 'noon' }];
          return works(xsaiText({ ...xsai, messages, tools, toolChoice: 'required' } as never));
        },
      ],
      ours: [
        () => works(completions.create({ messages, tools: [wireTool], tool_choice: 'required' })),
      ],
    },
  },
  'Values that fit a schema, though DeepSeek has no `json_schema`': {
    ways: {
      openai: [
        () => {
          const response_format = zodResponseFormat(Recipe, 'recipe');
          return works(openai.chat.completions.parse({ model, messages, response_format }));
        },
      ],
      ai: [
        () =>
          works(
            generateText({
              model: deepseek,
              messages,
              output: Output.object({ schema: Recipe }),
              maxRetries: 0,
            }),
          ),
      ],
      xsai: [() => works(xsaiObject({ ...xsai, messages, schema: Recipe } as never))],
      ours: [() => works(completions.parse({ messages, response_format: Recipe }))],
    },
  },
  Retries: {
    replies: [{ error: 'overloaded', headers: { 'retry-after-ms': '1' } }, answer],
    ways: {
      openai: [() => works(new OpenAI(at).chat.completions.create({ model, messages }))],
      ai: [() => works(generateText({ model: deepseek, messages }))],
      xsai: [() => works(xsaiText({ ...xsai, messages }))],
      ours: [() => works(createClient(at).chat.completions.create({ messages }))],
    },
  },
  'The cost of a call': {
    replies: [answer],
    ways: {
      openai: [
        async () =>
          toldCost(await openai.chat.completions.create({ model, messages }).withResponse()),
      ],
      ai: [async () => toldCost(await generateText({ model: deepseek, messages }))],
      xsai: [async () => toldCost(await xsaiText({ ...xsai, messages }))],
      ours: [async () => toldCost((await completions.create({ messages })).report)],
    },
  },
};

const toldCost = (told: object): boolean => /"(cost|usd|price)\w*":/i.test(JSON.stringify(told));

describe.each(Object.entries(features))('%s', (feature, { replies = [], ways }) => {
  test.each(columns)('with %s, as the README says', async (library) => {
    const outcomes: boolean[] = [];
    for (const attempt of ways[library]) {
      emulator.reply(...replies);
      outcomes.push(await attempt());
      // What a library that has failed did not fetch.
      const { pendingReplies } = emulator;
      for (let left = pendingReplies.length; left > 0; left--) {
        await fails(completions.create({ messages }));
      }
    }
    const works = outcomes.filter(Boolean).length;
    const said = works === outcomes.length ? /^✓/ : works === 0 ? /^–$/ : /^only /;
    expect(cellsOf(feature)[library]).toMatch(said);
  });
});
