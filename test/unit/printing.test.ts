import { inspect } from 'node:util';
import type { ChatErrorCode } from 'deepseek-v4-flash';
import { ChatError, createClient, isChatError } from 'deepseek-v4-flash';
import { createEmulator, faults } from 'deepseek-v4-flash/testing';
import { expect, test, vi } from 'vitest';
import { cures } from '../../src/outcome/cures.ts';

const secretKey = 'sk-secret-key-of-a-test';
const prompt = 'A prompt that nobody else may read';
const messages = [{ role: 'user' as const, content: prompt }];

function emulated(options = {}) {
  const emulator = createEmulator();
  const { transport } = emulator;
  const client = createClient({ apiKey: secretKey, transport, maxRetries: 0, ...options });
  return { emulator, client };
}

async function failure(call: Promise<unknown>): Promise<ChatError> {
  const error = await call.catch((each: unknown) => each);
  if (!isChatError(error)) throw new Error('it did not fail');
  return error;
}

test('an answer has its texts at hand, and stays plain wire data', async () => {
  const { emulator, client } = emulated();
  emulator.reply({ content: 'Forty-two.', reasoning_content: 'Six by seven.' });
  const completion = await client.chat.completions.create({ messages });

  expect(completion.text).toBe('Forty-two.');
  expect(completion.reasoning).toBe('Six by seven.');
  expect(Object.keys(completion)).not.toContain('text');
  expect(JSON.parse(JSON.stringify(completion))).toEqual(completion);
  expect('text' in structuredClone(completion)).toBe(false);
  expect('text' in { ...completion }).toBe(false);
  expect(inspect(completion)).not.toContain('reasoning:');
});

test('the answer of a stream has them too, and they follow a change of the message', async () => {
  const { emulator, client } = emulated();
  emulator.reply({ content: 'Forty-two.', reasoning_content: '' });
  const completion = await client.chat.completions.stream({ messages }).finalCompletion();

  expect([completion.text, completion.reasoning]).toEqual(['Forty-two.', '']);
  completion.choices[0].message.content = null;
  expect(completion.text).toBe('');
});

test("a field of the vendor's that is called the same stays what it is", async () => {
  const { emulator, client } = emulated();
  const message = { role: 'assistant', content: 'Yes.' };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  emulator.reply({ writes: [JSON.stringify({ id: 'x', choices, text: 'its own' })] });
  const completion = await client.chat.completions.create({ messages });

  expect(completion).toHaveProperty('text', 'its own');
  expect(Object.keys(completion)).toContain('text');
});

test('a report prints as one line, and is otherwise what it was', async () => {
  const { emulator, client } = emulated({ maxRetries: 1 });
  emulator.reply({ error: 'overloaded', headers: { 'retry-after-ms': '1' } }, { content: 'Yes.' });
  const stream = client.chat.completions.stream({ messages });
  await stream.finalCompletion();
  const { report } = stream;

  expect(inspect(report)).toMatch(
    /^Report { deepseek deepseek-v4-flash: complete, \d+ \+ \d+ tokens, \$0\.\d+, first token after \d+ ms, total \d+ ms, 2 attempts \(overloaded\), 1 adjustment }$/,
  );
  expect(report).toStrictEqual(JSON.parse(JSON.stringify(report)));
  expect(structuredClone(report)).toEqual(report);
  expect(Object.getOwnPropertySymbols({ ...report })).toEqual([]);
});

test('the report of several vendors prints as one line as well', async () => {
  const { transport } = createEmulator();
  const entries = [{ provider: 'vtrix' as const, apiKey: secretKey, transport }];
  const client = createClient({ providers: entries });
  const { report } = await client.chat.completions.create({ messages });

  expect(inspect(report)).toMatch(/^Report { vtrix .*: complete, .*}$/);
});

test('an error prints code, vendor, status, attempts and cure in under ten lines, and no secret', async () => {
  const { emulator, client } = emulated({ maxRetries: 1 });
  const vendorsWords = `key ${secretKey} and "${prompt}"`;
  const refusal = {
    error: 'rate_limit' as const,
    message: vendorsWords,
    headers: { 'retry-after-ms': '2' },
  };
  emulator.reply(refusal, refusal);
  const error = await failure(client.chat.completions.create({ messages }));
  const printed = inspect(error);

  expect(printed.split('\n').length).toBeLessThan(10);
  expect(printed).toMatch(/^ChatError \[rate_limit\]: /);
  expect(printed).toMatch(/\n {2}vendor +deepseek, status 429/);
  expect(printed).toMatch(/\n {2}attempts +2: deepseek rate_limit 429 after \d+ ms; deepseek rate/);
  expect(printed).toContain(cures.rate_limit);
  expect(printed).toContain(error.docs);
  expect(printed).not.toContain(secretKey);
  expect(printed).not.toContain(prompt);
  expect(inspect([error]).split('\n').length).toBeLessThan(12);
  expect(inspect({ a: { b: { c: { error } } } }, { depth: 2 })).not.toContain('cure');
});

test('an error that holds an answer prints none of it', async () => {
  const { emulator, client } = emulated();
  const answer = {
    content: 'An answer that nobody else may read, in pieces.',
    reasoning_content: '',
  };
  emulator.reply({ ...faults.cutAfterEvents(6, 'fin'), answer });
  const error = await failure(client.chat.completions.stream({ messages }).finalCompletion());

  expect(error.partial?.choices[0].message.content).toContain('nobody');
  expect(inspect(error)).not.toContain('nobody');
});

test('the line of the program that called is shown', () => {
  createClient();

  expect(inspect(new ChatError('aborted', 'Ended'))).toMatch(/\n {2}at +.*printing\.test\.ts:\d+/);
});

test('every code has a cure, and an address', () => {
  for (const [code, cure] of Object.entries(cures)) {
    expect(cure).toMatch(/^[A-Z].*\.$/);
    const { docs } = new ChatError(code as ChatErrorCode, 'x');
    expect(docs).toBe(`node_modules/deepseek-v4-flash/dist/docs/errors.md#${code}`);
  }
});

test('the address is no field of the JSON of an error', () => {
  expect(new ChatError('aborted', 'Ended').toJSON()).not.toHaveProperty('docs');
});

test('DEEPSEEK_V4_FLASH_LOG=debug writes a line for each step to standard error, without secrets', async () => {
  vi.stubEnv('DEEPSEEK_V4_FLASH_LOG', 'debug');
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const { emulator, client } = emulated({ maxRetries: 1 });
    emulator.reply({ error: 'overloaded', headers: { 'retry-after-ms': '1' } });
    await client.chat.completions.create({ messages });
    const lines = write.mock.calls.map(([line]) => String(line));

    expect(lines.map((line) => line.split(' ')[2])).toEqual([
      'request',
      'response',
      'retry',
      'request',
      'response',
      'end',
    ]);
    for (const line of lines) expect(line).toMatch(/^\d{4}-\S+Z deepseek-v4-flash [a-z]+ {.*}\n$/);
    expect(JSON.parse(lines.at(-1)?.split(' end ')[1] ?? '')).toMatchObject({
      provider: 'deepseek',
      completion: 'complete',
      promptTokens: expect.any(Number),
    });
    expect(lines.join('')).not.toContain(secretKey);
    expect(lines.join('')).not.toContain(prompt);
  } finally {
    write.mockRestore();
    vi.unstubAllEnvs();
  }
});

test('a logger that is given is the only one, and without the variable there is none', async () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await emulated().client.chat.completions.create({ messages });
    vi.stubEnv('DEEPSEEK_V4_FLASH_LOG', 'debug');
    const debug = vi.fn<(message: string) => void>();
    await emulated({ logger: { debug } }).client.chat.completions.create({ messages });

    expect(write).not.toHaveBeenCalled();
    expect(debug.mock.calls.map(([message]) => message)).toEqual(['request', 'response', 'end']);
  } finally {
    write.mockRestore();
    vi.unstubAllEnvs();
  }
});
