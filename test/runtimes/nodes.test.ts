import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expected, script } from './conformance.ts';
import { installPacked, run } from './packed.ts';

// The packed package in every Node that it is for, and in one that it is not for.

const here = fileURLToPath(new URL('./', import.meta.url));
const nodeAt = (version: string): string =>
  join(here, 'node_modules', `node${version}`, 'bin', 'node');

let project = '';
let remove: (() => Promise<void>) | undefined;
let emulator: EmulatorServer;
beforeAll(async () => {
  emulator = await startEmulator();
  ({ project, remove } = await installPacked());
  await cp(join(here, 'conformance.mjs'), join(project, 'conformance.mjs'));
  const told = `conform(library, ${JSON.stringify(emulator.baseURL('deepseek'))})
  .then((told) => console.log(JSON.stringify(told)));
`;
  await writeFile(
    join(project, 'program.mjs'),
    `import * as library from 'deepseek-v4-flash';
import { conform } from './conformance.mjs';
${told}`,
  );
  await writeFile(
    join(project, 'program.cjs'),
    `const library = require('deepseek-v4-flash');
import('./conformance.mjs').then(({ conform }) => ${told.trim().slice(0, -1)});
`,
  );
}, 120_000);
afterAll(async () => {
  await emulator.close();
  await remove?.();
});

/** Runs a program in the project, whose calls go to the emulator. */
async function ask(version: string, program: string, args: string[] = []): Promise<string> {
  const file = join(project, `asked-${version}.mjs`);
  await writeFile(
    file,
    `import { createClient } from 'deepseek-v4-flash';
const baseURL = ${JSON.stringify(emulator.baseURL('deepseek'))};
const messages = [{ role: 'user', content: 'Hi' }];
${program}`,
  );
  const { stdout, stderr } = await run(nodeAt(version), [...args, file], project);
  expect(stderr).toBe('');
  return stdout.trim();
}

describe.each(['20', '22', '24', '26'])('Node %s', (version) => {
  test.each(['program.mjs', 'program.cjs'])('runs %s', async (program) => {
    script(emulator);
    const { stdout, stderr } = await run(nodeAt(version), [program], project);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(expected);
    emulator.assertNoPendingReplies();
  });

  test('without the permission to use the network says so, in one attempt', async () => {
    const flag =
      version === '20' || version === '22' ? '--experimental-permission' : '--permission';
    const told = await ask(
      version,
      `const client = createClient({ baseURL, apiKey: 'any-key-of-mine' });
const error = await client.chat.completions.create({ messages }).catch((reason) => reason);
console.log(error.code ?? 'answered', error.report.attempts.length);
`,
      ['--disable-warning=ExperimentalWarning', flag, `--allow-fs-read=*`],
    );
    // Only the newest asks for leave to use the network.
    expect(told).toBe(version === '26' ? 'invalid_options 1' : 'answered 1');
  });
});

test('Node 18 is refused with a sentence, before anything is sent', async () => {
  const { code, stderr } = await run(
    nodeAt('18'),
    [
      '--input-type=module',
      '-e',
      "import { createClient } from 'deepseek-v4-flash'; createClient();",
    ],
    project,
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(/ChatError: Node 20\.18\.1 or newer is required, but this is 18\./);
  expect(stderr.length).toBeLessThan(4_096);
});

// On Node 22, whose own undici is an older one, an import of undici 8 puts a wrapper at the global place.
test('what a mere import of undici 8 leaves at the global place is not taken for a choice', async () => {
  const undici8 = join(here, 'node_modules', 'undici8', 'index.js');
  const told = await ask(
    '22',
    `await import(${JSON.stringify(undici8)});
const { setGlobalDispatcher, MockAgent } = await import(${JSON.stringify(undici8)});
const client = createClient({ baseURL, apiKey: 'any-key-of-mine', maxRetries: 0 });
const { choices } = await client.chat.completions.create({ messages });
const agent = new MockAgent();
agent.disableNetConnect();
setGlobalDispatcher(agent);
const error = await client.chat.completions.create({ messages }).catch((reason) => reason);
console.log(choices.length, error.code);
`,
  );
  expect(told).toBe('1 connection');
});

test('an answer in zstd is read where Node can unpack it, and told where it cannot', async () => {
  const program = `import { createServer } from 'node:http';
import { once } from 'node:events';
import * as zlib from 'node:zlib';
const text = JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [
  { index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }] });
const packed = zlib.zstdCompressSync?.(text) ?? text;
const server = createServer((_, response) => {
  response.setHeader('content-encoding', 'zstd');
  response.end(packed);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const client = createClient({
  baseURL: 'http://127.0.0.1:' + server.address().port,
  apiKey: 'any-key-of-mine',
  maxRetries: 0,
});
const told = await client.chat.completions.create({ messages })
  .then(({ choices }) => choices[0].message.content, (error) => error.code + ' ' + error.message);
console.log(told);
server.close();
`;
  expect(await ask('24', program)).toBe('Hello');
  expect(await ask('20', program)).toMatch(/^invalid_response .*zstd cannot be decoded here/);
});

// A listener that is stopped, with its queue full: what is sent to it is dropped, as by a router that has no way.
test('a host whose first address is dead is reached at its second one', async () => {
  const told = await ask(
    '22',
    `import dns from 'node:dns';
import { createServer, connect } from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
const { port } = new URL(baseURL);
const dead = spawn(process.execPath, ['-e', \`require('net').createServer().listen({ host: '::1', port: \${port}, backlog: 1 }, () => console.log('up'))\`]);
await once(dead.stdout, 'data');
dead.kill('SIGSTOP');
const fillers = [];
for (;;) {
  const filler = connect(Number(port), '::1').on('error', () => {});
  fillers.push(filler);
  const stands = await Promise.race([
    once(filler, 'connect').then(() => true),
    new Promise((resolve) => setTimeout(() => resolve(false), 300)),
  ]);
  if (!stands) break;
}
dns.lookup = (_host, options, done) => {
  const all = [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }];
  if (options.all) done(null, all);
  else done(null, all[0].address, 6);
};
const client = createClient({
  baseURL: baseURL.replace('127.0.0.1', 'localhost'),
  apiKey: 'any-key-of-mine',
  maxRetries: 0,
  timeout: { connect: 1500 },
});
const told = await client.chat.completions.create({ messages })
  .then(({ choices }) => choices.length, (error) => error.message);
console.log(told);
for (const filler of fillers) filler.destroy();
dead.kill('SIGKILL');
process.exit();
`,
  );
  expect(told).toBe('1');
});
