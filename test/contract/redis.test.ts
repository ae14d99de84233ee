import { createClient, isChatError } from 'deepseek-v4-flash';
import type { RedisClientLike } from 'deepseek-v4-flash/redis';
import { redisState } from 'deepseek-v4-flash/redis';
import { createEmulator, faults } from 'deepseek-v4-flash/testing';
import { expect, test, vi } from 'vitest';

// Without a Redis; with a real one: test/real/redis.

const thrownBy = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};
const dead: RedisClientLike = {
  evalsha: () => Promise.reject(new Error('Connection is closed.')),
  eval: () => Promise.reject(new Error('Connection is closed.')),
  duplicate: () => ({}),
};

test.each([[{}], [null], ['redis://localhost'], [{ get() {} }], [{ eval() {}, evalsha() {} }]])(
  'a client that is neither of the two is refused: %j',
  (client) => {
    const error = thrownBy(() => redisState(client as RedisClientLike));

    expect(isChatError(error, 'invalid_options')).toBe(true);
    expect(error).toMatchObject({ param: 'client', message: expect.stringContaining('ioredis') });
  },
);

test.each([['a\nb'], ['\u0000'], ['a\u007f'], [''], ['{a}'], ['x'.repeat(201)], [5]])(
  'a prefix that could not be a part of a key is refused: %j',
  (prefix) => {
    const error = thrownBy(() => redisState(dead, { prefix: prefix as string }));

    expect(error).toMatchObject({ code: 'invalid_options', param: 'prefix' });
  },
);

test('an option that does not exist is refused', () => {
  const error = thrownBy(() => redisState(dead, { ttl: 5 } as object));

  expect(error).toMatchObject({ code: 'invalid_options', param: 'ttl' });
});

test('while Redis is away, calls go on under the limit, with one warning that names no host', async () => {
  const emulator = createEmulator();
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const client = createClient({
    apiKey: 'k',
    transport: emulator.transport,
    concurrency: 2,
    maxCostUsd: 5,
    state: redisState(dead),
  });
  const ask = () => client.chat.completions.create({ messages: [{ role: 'user', content: 'Hi' }] });
  const answers = await Promise.all([ask(), ask(), ask(), ask()]);

  expect(answers.map(({ choices }) => choices[0].finish_reason)).toEqual(Array(4).fill('stop'));
  for (const { report } of answers) {
    expect(report.issues).toEqual([
      { code: 'state_unavailable', message: expect.stringContaining("process's own share") },
    ]);
  }
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[0]).toContain('the client is not connected');
  warn.mockRestore();
});

test('a stream, a call that failed, and calls without a limit say too that Redis was away', async () => {
  const emulator = createEmulator();
  const { transport } = emulator;
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const providers = [
    { provider: 'deepseek', apiKey: 'k', transport },
    { provider: 'aimlapi', apiKey: 'k', transport },
  ] as const;
  const client = createClient({ providers, maxRetries: 0, state: redisState(dead) });
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  // Without a limit nobody waits for a place; that Redis is away is known from the record of the vendor.
  await client.chat.completions.create({ messages });
  const stream = client.chat.completions.stream({ messages });
  await stream.finalCompletion();
  emulator.reply(faults.status(400));
  const error = await client.chat.completions.create({ messages }).catch((cause: unknown) => cause);

  const said = [expect.objectContaining({ code: 'state_unavailable' })];
  expect(stream.report.issues).toEqual(said);
  expect(error).toMatchObject({ code: 'bad_request', report: { issues: said } });
  warn.mockRestore();
});
