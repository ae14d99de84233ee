// npx tsx examples/web/server.ts        then open http://localhost:3000
// A chat in a page: reasoning, stop, tokens and cost while they come; kill the vendor that is answering, or reload the page.
// With REDIS_URL set, answers are kept by redis.mjs, so that any process behind the same Redis can go on with them.
import { readFile } from 'node:fs/promises';
import { serve } from '@hono/node-server';
import type { ChatCompletionMessageParam, ChatStream } from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { build } from 'esbuild';
import { Hono } from 'hono';

// ---------------------------------------------------------------- two vendors that can be killed

// On sockets of this machine: no key is needed, and nothing is billed. For the real ones, leave out `baseURL` and `apiKey`,
// and put their keys into the environment.
const answer = {
  reasoning_content:
    'The user asks why the sky is blue. I should name the cause first: scattering by molecules. Then why blue and not ' +
    'violet, and what happens at sunset, since people ask for that next. Three short paragraphs, without formulas.',
  content:
    'Sunlight holds all colours. On its way through the air it meets molecules that are much smaller than a wavelength ' +
    'of light, and these scatter short waves far more than long ones: blue about four times as much as red.\n\n' +
    'So blue light reaches you from every part of the sky, and not from the sun alone. Violet is scattered even more, ' +
    'but the sun sends less of it, and your eyes see it less well.\n\n' +
    'In the evening the light comes a longer way through the air. Most of the blue is gone by then, and what is left is ' +
    'orange and red.',
};
const emulation = { delayMs: Number(process.env.DELAY_MS ?? 40), answer: () => answer };
const vendors = ['deepseek', 'shortapi'] as const;
const emulators = new Map<string, { server: EmulatorServer; isUp: boolean }>();
for (const name of vendors) {
  emulators.set(name, { server: await startEmulator(emulation), isUp: true });
}

const client = createClient({
  providers: vendors.map((provider) => ({
    provider,
    baseURL: emulators.get(provider)?.server.baseURL(provider),
    apiKey: 'any',
  })),
  onInterrupted: 'restart',
  onUnsupported: 'adjust',
});

async function vendorsNow(): Promise<object[]> {
  const health = client.health();
  const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }];
  const estimates = await client.estimate({ messages, max_tokens: 1_000 });
  return estimates.map(({ provider, maxUsd }) => ({
    name: provider,
    isUp: emulators.get(provider)?.isUp,
    isAnswering: (health[provider]?.running ?? 0) > 0,
    usdPerToken: Number(maxUsd ?? 0) / 1_000,
  }));
}

// ---------------------------------------------------------------- answers that outlive a reload

/** Answers that can be read from their beginning while they come, and for a while after. */
interface Answers {
  /** `undefined` if there is one of this id: then nobody is asked. */
  start(id: string, ask: () => ChatStream): Promise<ReadableStream | undefined>;
  resume(id: string): Promise<ReadableStream | undefined>;
  stop(id: string): Promise<void>;
}

function answersInMemory(keepMs = 600_000): Answers {
  const answers = new Map<string, { chat: ChatStream; bytes: ReadableStream }>();
  const copy = (id: string): ReadableStream | undefined => {
    const kept = answers.get(id);
    if (kept === undefined) return undefined;
    const [now, later] = kept.bytes.tee();
    kept.bytes = later;
    return now;
  };
  return {
    async start(id, ask) {
      if (answers.has(id)) return undefined;
      const chat = ask();
      answers.set(id, { chat, bytes: chat.toSSEStream({ report: true }) as ReadableStream });
      // One reader that never leaves, so that the answer is read to its end.
      const forget = (): void => void setTimeout(() => answers.delete(id), keepMs).unref();
      void copy(id)?.pipeTo(new WritableStream()).then(forget, forget);
      return copy(id);
    },
    resume: async (id) => copy(id),
    stop: async (id) => answers.get(id)?.chat.abort(),
  };
}

async function answersInRedis(url: string): Promise<Answers> {
  const recipe = './redis.mjs';
  const { createAnswers } = (await import(recipe)) as {
    createAnswers(url: string): Promise<Answers>;
  };
  return createAnswers(url);
}

const redisURL = process.env.REDIS_URL;
const answers = redisURL ? await answersInRedis(redisURL) : answersInMemory();

// ---------------------------------------------------------------- the routes

const events = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
const page = await readFile(new URL('page.html', import.meta.url), 'utf8');
const { outputFiles } = await build({
  stdin: {
    contents: "export { readChat } from 'deepseek-v4-flash/reader';",
    resolveDir: import.meta.dirname,
  },
  bundle: true,
  format: 'esm',
  write: false,
});
const reader = outputFiles[0]?.text ?? '';

const app = new Hono();
app.get('/', (c) => c.html(page));
app.get('/reader.js', (c) => c.body(reader, 200, { 'content-type': 'text/javascript' }));

app.post('/answers/:id', async (c) => {
  const { messages } = await c.req.json<{ messages: ChatCompletionMessageParam[] }>();
  const bytes = await answers.start(c.req.param('id'), () =>
    client.chat.completions.stream({ messages, max_tokens: 2_000 }),
  );
  return bytes === undefined ? c.text('There is such an answer', 409) : c.body(bytes, 200, events);
});
app.get('/answers/:id', async (c) => {
  const bytes = await answers.resume(c.req.param('id'));
  return bytes === undefined ? c.text('There is no such answer', 404) : c.body(bytes, 200, events);
});
app.delete('/answers/:id', async (c) => {
  await answers.stop(c.req.param('id'));
  return c.body(null, 204);
});

app.get('/vendors', async (c) => c.json(await vendorsNow()));
app.delete('/vendors/:name', async (c) => {
  const emulator = emulators.get(c.req.param('name'));
  if (emulator?.isUp) {
    emulator.isUp = false;
    await emulator.server.close();
  }
  return c.json(await vendorsNow());
});
app.put('/vendors/:name', async (c) => {
  const emulator = emulators.get(c.req.param('name'));
  if (emulator?.isUp === false) {
    const port = Number(new URL(emulator.server.url).port);
    emulator.server = await startEmulator({ ...emulation, port });
    emulator.isUp = true;
  }
  return c.json(await vendorsNow());
});

const port = Number(process.env.PORT ?? 3000);
serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => {
  console.log(`http://localhost:${port}`);
});
