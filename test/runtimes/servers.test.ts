import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { get } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../kit/serve.ts';
import { installPacked } from './packed.ts';

// The recipes in examples/servers, each a program of its own over the packed tarball: the whole answer arrives, and a
// visitor who leaves ends the call to the vendor.

const here = fileURLToPath(new URL('./', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

const recipes = [
  'node.mjs',
  'express.mjs',
  'fastify.mjs',
  'koa.mjs',
  'hono.mjs',
  'next.mjs',
  'worker.mjs',
  'lambda.mjs',
];

// What is not a server by itself is served by these, as its platform would.
const hosts: Record<string, string> = {
  'next.mjs': `import { GET } from './next.mjs';
serve((request) => GET(request));`,
  'worker.mjs': `import worker from './worker.mjs';
serve((request) => worker.fetch(request, process.env));`,
  'lambda.mjs': `globalThis.awslambda = {
  streamifyResponse: (handler) => handler,
  HttpResponseStream: {
    from(out, { statusCode, headers }) {
      out.writeHead(statusCode, headers);
      return out;
    },
  },
};
const { handler } = await import('./lambda.mjs');
createServer((_, response) => handler({}, response).catch(() => {})).listen(process.env.PORT, '127.0.0.1');`,
};

const preload = `import { Agent, setGlobalDispatcher } from 'undici';
setGlobalDispatcher(
  new Agent().compose((dispatch) => (options, handler) =>
    dispatch({ ...options, origin: process.env.VENDOR }, handler),
  ),
);
`;

const served = `import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
const serve = (handle) => createServer(getRequestListener(handle)).listen(process.env.PORT, '127.0.0.1');
`;

let project = '';
let remove: (() => Promise<void>) | undefined;
let vendor: Awaited<ReturnType<typeof listen>>;
/** The vendor's side of each call: its end, and whether it was cut. */
const calls: ServerResponse[] = [];

/** A stream that goes on until its reader leaves, or that ends. */
let isEndless = false;

function answer(response: ServerResponse): void {
  calls.push(response);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const top = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
  const send = (delta: object, finish_reason: string | null): void =>
    void response.write(
      `data: ${JSON.stringify({ ...top, choices: [{ index: 0, delta, finish_reason }] })}\n\n`,
    );
  send({ role: 'assistant', content: 'Hello' }, null);
  if (!isEndless) {
    send({}, 'stop');
    response.end('data: [DONE]\n\n');
    return;
  }
  const timer = setInterval(() => send({ content: ' again' }, null), 20);
  response.on('close', () => clearInterval(timer));
}

beforeAll(async () => {
  vendor = await listen((_request, response) => answer(response));
  ({ project, remove } = await installPacked());
  await cp(join(root, 'examples', 'servers'), project, { recursive: true });
  await writeFile(join(project, 'preload.mjs'), preload);
  for (const name of ['express', 'fastify', 'koa', 'hono', '@hono']) {
    await mkdir(join(project, 'node_modules'), { recursive: true });
    const from = join(here, 'node_modules', name);
    await symlink(from, join(project, 'node_modules', name), 'junction');
  }
  for (const [name, code] of Object.entries(hosts)) {
    await writeFile(join(project, `host-${name}`), `${served}${code}\n`);
  }
}, 120_000);
afterAll(async () => {
  vendor.close();
  await remove?.();
});

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
  calls.length = 0;
});

async function freePort(): Promise<number> {
  const server = createSocketServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a recipe, and gives its address when it answers there. */
async function start(recipe: string): Promise<string> {
  const port = await freePort();
  const program = recipe in hosts ? `host-${recipe}` : recipe;
  child = spawn(process.execPath, ['--import', './preload.mjs', program], {
    cwd: project,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PORT: String(port), VENDOR: vendor.url, DEEPSEEK_API_KEY: 'any-key' },
  });
  const url = `http://localhost:${port}/`;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${recipe} ended with ${child.exitCode}`);
    const isUp = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(1_000) }).then(
      () => true,
      () => false,
    );
    if (isUp) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  calls.length = 0;
  return url;
}

test('the README names every recipe', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const named = [...readme.matchAll(/\]\(examples\/servers\/([^)]+)\)/g)].map(([, name]) => name);
  expect(named.toSorted()).toEqual((await readdir(join(root, 'examples', 'servers'))).toSorted());
  expect(named.toSorted()).toEqual(recipes.toSorted());
});

describe.each(recipes)('%s', (recipe) => {
  test('hands on the whole answer, and ends the call when a visitor leaves', async () => {
    isEndless = false;
    const url = await start(recipe);
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(await response.text()).toMatch(/"Hello"[^]*data: \[DONE\]\n\n$/);

    isEndless = true;
    calls.length = 0;
    const [left] = (await once(get(url), 'response')) as [IncomingMessage];
    await once(left, 'data');
    const [call] = calls;
    left.destroy();
    // It would go on for ever.
    if (call && !call.closed) await once(call, 'close');
    expect(call?.writableFinished).toBe(false);
  });
});
