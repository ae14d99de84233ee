import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import type * as Reader from 'deepseek-v4-flash/reader';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { blocksOf } from '../kit/markdown.ts';
import { programAt } from '../kit/parts.ts';
import { freePorts } from '../kit/process.ts';
import { listen } from '../kit/serve.ts';
import { browsers } from './browser.ts';
import { drivePage } from './devtools.ts';
import { installPacked } from './packed.ts';

// A page that has no bundler, as the page about streams in the packed package says: served by Node, read in Chromium.

const chromium = programAt(browsers.Chromium.program, browsers.Chromium.debian);

const preload = `import { Agent, setGlobalDispatcher } from 'undici';
setGlobalDispatcher(
  new Agent().compose((dispatch) => (options, handler) =>
    dispatch({ ...options, origin: process.env.VENDOR }, handler),
  ),
);
`;

/** An answer of the vendor, which goes on until its reader leaves, after its first words. */
let isEndless = false;
let isCut = false;
function answer(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (delta: object, finish_reason: string | null): void => {
    const choices = [{ index: 0, delta, finish_reason }];
    const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  send({ role: 'assistant', content: 'Air scatters ' }, null);
  if (!isEndless) {
    send({ content: 'blue.' }, 'stop');
    response.end('data: [DONE]\n\n');
    return;
  }
  const timer = setInterval(() => send({ content: 'on and ' }, null), 20);
  response.on('close', () => {
    clearInterval(timer);
    isCut = true;
  });
}

let url = '';
let child: ChildProcess | undefined;
let vendor: Awaited<ReturnType<typeof listen>> | undefined;
let remove: (() => Promise<void>) | undefined;
beforeAll(async () => {
  const { project, ...installed } = await installPacked();
  remove = installed.remove;
  const docs = join(project, 'node_modules/deepseek-v4-flash/dist/docs/streams.md');
  const [recipe = ''] = blocksOf(await readFile(docs, 'utf8'), 'js');
  await writeFile(join(project, 'server.mjs'), recipe);
  await writeFile(join(project, 'preload.mjs'), preload);
  vendor = await listen((_, response) => answer(response));
  const [port = 0] = await freePorts(1);
  url = `http://127.0.0.1:${port}/`;
  const env = { DEEPSEEK_API_KEY: 'any', VENDOR: vendor.url, PORT: String(port) };
  child = spawn(process.execPath, ['--import', './preload.mjs', 'server.mjs'], {
    cwd: project,
    env: { PATH: process.env.PATH, ...env },
    stdio: 'inherit',
  });
  await vi.waitFor(() => fetch(url), { timeout: 20_000, interval: 50 });
});
afterAll(async () => {
  if (child !== undefined && child.exitCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  vendor?.close();
  await remove?.();
});

test('the file of the reader is a module by itself, and reads what the server sends', async () => {
  const response = await fetch(`${url}reader.js`);
  expect(response.headers.get('content-type')).toBe('text/javascript');
  const code = Buffer.from(await response.arrayBuffer()).toString('base64');
  const { readChat } = (await import(
    /* @vite-ignore */ `data:text/javascript;base64,${code}`
  )) as typeof Reader;
  const { choices } = await readChat(fetch(`${url}chat`, { method: 'POST' })).finalCompletion();
  expect(choices[0].message.content).toBe('Air scatters blue.');
});

test.skipIf(chromium === undefined)(
  'the page shows the answer, and its button stops one',
  async () => {
    const page = await drivePage(chromium ?? '', url);
    const text = () => page.evaluate("document.querySelector('p')?.textContent");
    try {
      await vi.waitFor(async () => expect(await text()).toBe('Air scatters blue.'), 20_000);
      isEndless = true;
      await page.send('Page.reload');
      await vi.waitFor(async () => expect(await text()).toContain('on and on and '), 20_000);
      expect(isCut).toBe(false);
      await page.evaluate("document.querySelector('button').click()");
      await vi.waitFor(() => expect(isCut).toBe(true), 20_000);
    } finally {
      await page.close();
    }
  },
);
