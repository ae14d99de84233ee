import { cp, mkdtemp, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readChat } from 'deepseek-v4-flash/reader';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { programAt } from '../../kit/parts.ts';
import { startWebExample } from '../../kit/web-example.ts';
import type { RedisServer } from './server.ts';
import { startRedis } from './server.ts';

// examples/web over Redis and `resumable-stream`: two processes, and a visitor who goes from one to the other.

const path = programAt('redis-server', 'redis-server');
const root = fileURLToPath(new URL('../../../', import.meta.url));
const real = fileURLToPath(new URL('../', import.meta.url));
const whole = /^Sunlight holds all colours\. .* orange and red\.$/s;

describe.skipIf(path === undefined)('the recipe with resumable-stream', () => {
  let redis: RedisServer;
  let folder = '';
  let servers: Awaited<ReturnType<typeof startWebExample>>[] = [];
  beforeAll(async () => {
    redis = await startRedis(path ?? '');
    // Here, where `redis` and `resumable-stream` are found.
    folder = await mkdtemp(join(real, '.web-'));
    await cp(join(root, 'examples', 'web'), folder, { recursive: true });
    const env = { REDIS_URL: `redis://127.0.0.1:${redis.port}`, DELAY_MS: '15' };
    const place = relative(root, folder);
    servers = await Promise.all([startWebExample(env, place), startWebExample(env, place)]);
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  let lastId = 0;
  beforeEach(() => void lastId++);
  const at = (index: number): string => `${servers[index]?.url}/answers/answer-${lastId}`;
  const ask = (index: number): Promise<Response> => {
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'Why is the sky blue?' }] });
    return fetch(at(index), { method: 'POST', body });
  };
  /** Reads until there is some text, and leaves. */
  async function leaveMidway(response: Promise<Response>): Promise<string> {
    for await (const text of readChat(response).text()) return text;
    throw new Error('There was no text');
  }
  async function read(response: Promise<Response>): Promise<{ text: string; end: string }> {
    const chat = readChat(response);
    let text = '';
    try {
      for await (const piece of chat.text()) text += piece;
      return { text, end: (await chat.finalCompletion()).report?.completion ?? '' };
    } catch (error) {
      return { text, end: (error as { code: string }).code };
    }
  }
  const runningAt = async (index: number): Promise<number> => {
    const response = await fetch(`${servers[index]?.url}/vendors`);
    const vendors = (await response.json()) as { isAnswering: boolean }[];
    return vendors.filter(({ isAnswering }) => isAnswering).length;
  };

  test('an answer that a visitor has left is read to its end, and taken up at another process', async () => {
    expect(await leaveMidway(ask(0))).toBe('Sunlight');
    expect(await runningAt(0)).toBe(1);

    const [here, there] = await Promise.all([read(fetch(at(0))), read(fetch(at(1)))]);
    for (const { text, end } of [here, there]) {
      expect(text).toMatch(whole);
      expect(end).toBe('complete');
    }
    // Only the process that was asked first has called a vendor.
    expect(await runningAt(1)).toBe(0);
  });

  test('an answer that has ended while nobody read it is kept', async () => {
    await leaveMidway(ask(0));
    await expect.poll(() => runningAt(0), { timeout: 30_000 }).toBe(0);
    const { text, end } = await read(fetch(at(1)));
    expect(text).toMatch(whole);
    expect(end).toBe('complete');
  });

  test('an answer is stopped from another process than the one that reads it', async () => {
    await leaveMidway(ask(0));
    const following = read(fetch(at(1)));
    await fetch(at(1), { method: 'DELETE' });
    const { text, end } = await following;
    expect(end).toBe('aborted');
    expect(text).not.toMatch(whole);
    await expect.poll(() => runningAt(0)).toBe(0);
    // Also for who comes later.
    expect((await read(fetch(at(0)))).end).toBe('aborted');
  });

  test('an id is taken once, and one that was never given has no answer', async () => {
    expect((await fetch(at(1))).status).toBe(404);
    await leaveMidway(ask(0));
    expect((await ask(1)).status).toBe(409);
    expect(await runningAt(1)).toBe(0);
    await fetch(at(0), { method: 'DELETE' });
  });

  test('an answer whose process has died is gone, and is not waited for', async () => {
    await leaveMidway(ask(0));
    await servers[0]?.stop();
    expect((await fetch(at(1))).status).toBe(404);
    expect(servers[1]?.said()).toMatch(/^http:\/\/localhost:\d+\n$/);
  });
});
