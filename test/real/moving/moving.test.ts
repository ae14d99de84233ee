import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDeepSeek } from '@ai-sdk/deepseek';
import { ChatDeepSeek } from '@langchain/deepseek';
import { generateText, tool } from 'ai';
import OpenAI from 'openai';
import * as z from 'zod';
import type { EmulatorReply, EmulatorServer } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { pairs } from '../../kit/moving.ts';
import type { Run } from '../../kit/run-program.ts';
import { emulatedEnvironment, runProgram } from '../../kit/run-program.ts';

// The programs of examples/moving with the packages that they left, and what the page there says that these lose. What
// each program becomes is asked the same, so that the two can be compared.

const root = fileURLToPath(new URL('../../../', import.meta.url));
const emulators: EmulatorServer[] = [];
let folder = '';

beforeAll(async () => {
  // Inside test/real, so that the packages are found.
  folder = await mkdtemp(join(root, 'test/real/.readme-'));
});
afterEach(async () => {
  for (const emulator of emulators.splice(0)) await emulator.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Told extends Run {
  /** How often the vendor was asked. */
  requests: number;
}

let runs = 0;

/** Runs a program against an emulator of its own; `change` is made to its text first. */
async function run(
  name: string,
  replies: EmulatorReply[],
  change = (text: string): string => text,
): Promise<Told> {
  const emulator = await startEmulator();
  emulators.push(emulator);
  emulator.reply(...replies);
  const file = join(folder, `${++runs}-${name}.ts`);
  const text = await readFile(join(root, 'examples/moving', `${name}.ts`), 'utf8');
  await writeFile(file, change(text));
  const env = emulatedEnvironment('DEEPSEEK_API_KEY', emulator.url);
  const told = await runProgram(file, [], { env });
  return { ...told, requests: emulator.requests.length };
}

const both = async (name: string, ...replies: EmulatorReply[]): Promise<[Told, Told]> => [
  await run(`${name}.before`, replies),
  await run(`${name}.after`, replies),
];

/** Leaves thinking at what the vendor does by itself. */
function thinking(text: string): string {
  const changed = text.replaceAll(/^.*thinking: \{.*\n/gm, '');
  expect(changed).not.toBe(text);
  return changed;
}

describe('programs before they move', () => {
  test.each(Object.entries(pairs))('%s answers', async (name, { replies, printed }) => {
    // LangChain asks for an object by a call of a tool.
    const object: EmulatorReply = {
      tool_calls: [{ name: 'extract', arguments: { title: 'Bread', minutes: 90, steps: [] } }],
    };
    const said = name === 'langchain-object' ? [object] : replies;
    const { code, stdout } = await run(`${name}.before`, said);

    expect(code).toBe(0);
    for (const text of printed) expect(stdout).toContain(text);
  });

  test.each(['openai', 'ai', 'langchain'])('%s can be kept', async (name) => {
    const answer = { reasoning_content: '', content: 'Short waves scatter more.' };
    const { code, stdout, requests } = await run(`${name}.kept`, [answer]);

    expect(code).toBe(0);
    expect(stdout).toContain('Short waves scatter more.');
    expect(requests).toBe(1);
  });
});

const cut: EmulatorReply = {
  ...faults.cutAfterEvents(6, 'end'),
  answer: { reasoning_content: '', content: 'Light of short waves is scattered more' },
};

describe('what the old way loses', () => {
  test.each(['openai-stream', 'ai-tools'])(
    '%s: a stream that is cut ends as if whole',
    async (name) => {
      const [before, after] = await both(name, cut);

      expect(before).toMatchObject({ code: 0, stderr: '' });
      expect(before.stdout).toContain('Light of short waves is');
      expect(after.code).toBe(1);
      expect(after.stderr).toContain('stream_interrupted');
    },
  );

  test.each([
    ['openai-tools', 2],
    ['ai-tools', 1],
    ['langchain-tools', 2],
  ])('%s: of a model that was stopped, %i requests are made', async (name, requests) => {
    const call = { tool_calls: [{ name: 'weather', arguments: { city: 'Oslo' } }] };
    const stopped = { ...faults.finishReason('insufficient_system_resource'), answer: call };
    const [before, after] = await both(name, stopped, { content: 'No, it is warm.' });

    // A second request sends what the tool said: it was run.
    expect(before).toMatchObject({ code: 0, requests });
    expect(after).toMatchObject({ code: 0, requests: 1 });
    expect(after.stdout).toContain('cut_off');
  });

  test.each(['ai-object', 'langchain-object'])('%s: an empty answer is the end', async (name) => {
    const whole = { content: '{"title":"Bread","minutes":90,"steps":["Bake"]}' };
    const [before, after] = await both(name, { content: '' }, whole);

    expect(before).toMatchObject({ code: 1, requests: 1 });
    expect(after).toMatchObject({ code: 0, requests: 2 });
    expect(after.stdout).toContain('Bread 90');
  });

  const broken: EmulatorReply[] = [
    { tool_calls: [{ name: 'weather', arguments: '{"city": "Os' }] },
    { tool_calls: [{ name: 'weather', arguments: { city: 'Oslo' } }] },
    { content: 'No, it is warm.' },
  ];

  test('openai-tools: arguments that are no JSON end the program', async () => {
    const [before, after] = await both('openai-tools', ...broken);

    expect(before).toMatchObject({ code: 1, requests: 1 });
    expect(before.stderr).toContain('SyntaxError');
    expect(after).toMatchObject({ code: 0, requests: 3 });
    expect(after.stdout).toContain('No, it is warm.');
  });

  test('langchain-tools: arguments that are no JSON are an empty answer', async () => {
    const [before, after] = await both('langchain-tools', ...broken);

    expect(before).toMatchObject({ code: 0, requests: 1 });
    expect(before.stdout.trim()).toBe('');
    expect(after).toMatchObject({ code: 0, requests: 3 });
    expect(after.stdout).toContain('No, it is warm.');
  });

  test('ai-tools: arguments that are no JSON are told to the model, as here', async () => {
    const [before, after] = await both('ai-tools', ...broken);

    for (const told of [before, after]) {
      expect(told).toMatchObject({ code: 0, requests: 3 });
      expect(told.stdout).toContain('No, it is warm.');
    }
  });

  test('langchain-tools: reasoning is not sent back, so that the model may not think', async () => {
    const { replies } = pairs['langchain-tools'] ?? { replies: [] };
    const before = await run('langchain-tools.before', replies, thinking);
    const after = await run('langchain-tools.after', replies);

    expect(before).toMatchObject({ code: 1, requests: 2 });
    expect(before.stderr).toContain('must be passed back to the API');
    expect(after).toMatchObject({ code: 0, requests: 2 });
  });

  test('langchain-object: a forced call is refused while the model thinks', async () => {
    const { replies } = pairs['langchain-object'] ?? { replies: [] };
    const before = await run('langchain-object.before', replies, thinking);
    const after = await run('langchain-object.after', replies, thinking);

    expect(before).toMatchObject({ code: 1, requests: 1 });
    expect(before.stderr).toContain('does not support this tool_choice');
    expect(after.code).toBe(0);
  });
});

describe('what no pair shows', () => {
  const messages = [{ role: 'user' as const, content: 'Do I need a coat in Oslo?' }];
  const model = 'deepseek-v4-flash';

  async function optionsAt(...replies: EmulatorReply[]) {
    const emulator = await startEmulator();
    emulators.push(emulator);
    emulator.reply(...replies);
    return { baseURL: emulator.baseURL('deepseek'), apiKey: 'any' };
  }

  const openai = async (...replies: EmulatorReply[]): Promise<OpenAI> =>
    new OpenAI({ ...(await optionsAt(...replies)), maxRetries: 0 });

  test('LangChain: a stream that is cut ends as if whole', async () => {
    const { baseURL, apiKey } = await optionsAt(cut);
    const langchain = new ChatDeepSeek({ model, apiKey, configuration: { baseURL } });
    let text = '';
    for await (const chunk of await langchain.stream('Hi')) text += chunk.text;

    expect(text).toBe('Light of short waves is');
  });

  test('openai and ai: a forced call is refused while the model thinks', async () => {
    const refusal = 'does not support this tool_choice';
    const parameters = { type: 'object' as const, properties: { city: { type: 'string' } } };
    const client = await openai();
    const asked = client.chat.completions.create({
      model,
      messages,
      tools: [{ type: 'function', function: { name: 'weather', parameters } }],
      tool_choice: 'required',
    });
    await expect(asked).rejects.toThrow(refusal);

    const generated = generateText({
      model: createDeepSeek(await optionsAt())(model),
      messages,
      tools: { weather: tool({ inputSchema: z.object({ city: z.string() }) }) },
      toolChoice: 'required',
    });
    await expect(generated).rejects.toThrow(refusal);
  });

  test('openai: `stream()` keeps no reasoning', async () => {
    const client = await openai({ reasoning_content: 'I think so.', content: 'No.' });
    const stream = client.chat.completions.stream({ model, messages });
    const { choices } = await stream.finalChatCompletion();

    expect(choices[0]?.message).toMatchObject({ content: 'No.', reasoning_content: null });
  });

  test('openai: `runTools()` leaves it out of the second request, which is refused', async () => {
    const client = await openai(...(pairs['openai-tools']?.replies ?? []));
    const run = client.chat.completions.runTools({
      model,
      messages,
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'The weather in a city, now',
            parameters: { type: 'object', properties: { city: { type: 'string' } } },
            parse: JSON.parse,
            function: () => 'warm',
          },
        },
      ],
    });

    await expect(run.finalContent()).rejects.toThrow('must be passed back to the API');
  });
});
