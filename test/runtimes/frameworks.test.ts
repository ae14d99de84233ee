import { cp, mkdir, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readChat } from 'deepseek-v4-flash/reader';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Running } from '../kit/process.ts';
import { startProgram, tempFolder } from '../kit/process.ts';
import { expected, script } from './conformance.ts';
import type { Run } from './packed.ts';
import { installPacked, run } from './packed.ts';

// The packed package in frameworks, and in the bundles that people deploy, against the emulator on this machine.

const here = fileURLToPath(new URL('./', import.meta.url));
const load = createRequire(join(here, 'package.json'));
const part = (path: string): string => join(here, 'node_modules', path);

let project = '';
let remove: (() => Promise<void>) | undefined;
let emulator: EmulatorServer;
/** Programs that keep things in the user's home keep them in the project, and nobody is told of it. */
const quiet = (): object => ({
  HOME: project,
  // Vitest's own is for tests.
  NODE_ENV: 'production',
  NEXT_TELEMETRY_DISABLED: '1',
  WRANGLER_SEND_METRICS: 'false',
  // Its banner asks the registry for a newer version.
  WRANGLER_HIDE_BANNER: 'true',
  CI: '1',
});

beforeAll(async () => {
  emulator = await startEmulator();
  ({ project, remove } = await installPacked());
  await cp(join(here, 'conformance.mjs'), join(project, 'conformance.mjs'));
  await cp(join(here, 'fixtures'), project, { recursive: true });
  for (const name of ['next', 'react', 'react-dom']) {
    await symlink(part(name), join(project, 'node_modules', name), 'junction');
  }
});
afterAll(async () => {
  await emulator.close();
  await remove?.();
});

/** How many calls the vendor is in the middle of. */
function expectCalls(count: number): Promise<void> {
  return vi.waitFor(() => expect(emulator.connections.busy).toBe(count), 10_000);
}

/**
 * What everybody who serves `handle.mjs` has to do.
 *
 * @param alive milliseconds of silence after which a sign of life is sent
 */
function testServed(address: () => string, alive = 15_000): void {
  const at = (query: string): string => {
    const vendor = encodeURIComponent(emulator.baseURL('deepseek'));
    return `${address()}?vendor=${vendor}&alive=${alive}${query}`;
  };

  test('does what it does elsewhere', async () => {
    script(emulator);
    expect(await (await fetch(at(''))).json()).toEqual(expected);
    emulator.assertNoPendingReplies();
    await expectCalls(0);
  });

  test('hands a stream on', async () => {
    emulator.reply({ content: 'Hello again' });
    const response = await fetch(at('&stream'));
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const { choices } = await readChat(response).finalCompletion();
    expect(choices[0]).toMatchObject({
      message: { content: 'Hello again' },
      finish_reason: 'stop',
    });
  });

  test('ends the call to the vendor when the visitor leaves', async () => {
    // It would never end by itself.
    emulator.reply(faults.cutAfterEvents(6, 'hang'));
    const { body } = await fetch(at('&stream'));
    const reader = body?.getReader();
    // What has arrived is handed on at once: neither held back nor compressed in larger pieces.
    expect((await reader?.read())?.value?.length).toBeGreaterThan(0);
    await expectCalls(1);
    await reader?.cancel();
    await expectCalls(0);
  });
}

// ---------------------------------------------------------------- Next

/** What Next says of every such app. */
const saidAnyway =
  /No build cache found|The Edge Runtime is deprecated|edge runtime on a page currently disables/;

describe.each(['turbopack', 'webpack'])('Next, built by %s,', (bundler) => {
  const next = part('next/dist/bin/next');
  let folder = '';
  let built: Run;
  let server: Running | undefined;
  beforeAll(async () => {
    folder = join(project, `next-${bundler}`);
    await cp(join(project, 'next'), folder, { recursive: true });
    built = await run(process.execPath, [next, 'build', folder, `--${bundler}`], project, quiet());
    if (built.code !== 0) throw new Error(built.stdout + built.stderr);
    server = await startProgram(process.execPath, ({ ports: [port] }) => ({
      args: ['--env-file', 'env', next, 'start', folder, '-H', '127.0.0.1', '-p', String(port)],
      files: { env: 'NEXT_TELEMETRY_DISABLED=1\n' },
    }));
  });
  afterAll(() => server?.stop());
  const address = (): string => `http://127.0.0.1:${server?.ports[0]}`;

  test('says nothing of the package', () => {
    const lines = `${built.stdout}\n${built.stderr}`.split('\n');
    const complaints = lines.filter((line) => /[⚠⨯]|warn|error|fail/i.test(line));
    expect(complaints.filter((line) => !saidAnyway.test(line))).toEqual([]);
    expect(lines.filter((line) => /deepseek-v4-flash|undici|node:/.test(line))).toEqual([]);
  });

  test('renders a page that uses it, without undici in what the visitor loads', async () => {
    expect(await (await fetch(address())).text()).toContain('>Ask</button>');
    const static_ = join(folder, '.next', 'static');
    const files = (await readdir(static_, { recursive: true })).filter((f) => f.endsWith('.js'));
    const texts = await Promise.all(files.map((file) => readFile(join(static_, file), 'utf8')));
    expect(texts.some((text) => text.includes('stream_interrupted'))).toBe(true);
    expect(texts.filter((text) => text.includes('llhttp'))).toEqual([]);
  });

  describe('in a route on Node', () => {
    testServed(() => `${address()}/node`);

    test('takes undici', () => {
      // Node's own fetch sends it.
      expect(emulator.requests.at(-1)?.headers).not.toHaveProperty('sec-fetch-mode');
    });
  });

  describe('in a route at the edge', () => {
    testServed(() => `${address()}/edge`);

    test('takes fetch', () => {
      expect(emulator.requests.at(-1)?.headers).toHaveProperty('sec-fetch-mode');
    });
  });
});

// ---------------------------------------------------------------- wrangler

interface Worker {
  ready: Promise<URL>;
  dispose(): Promise<void>;
}

describe.each([
  ['wrangler', []],
  ['wrangler', ['nodejs_compat']],
  ['wrangler', ['enable_request_signal']],
  ['wrangler486', []],
  ['wrangler486', ['nodejs_compat']],
])('%s, with the flags %j,', (name, compatibilityFlags) => {
  const compatibilityDate = '2026-04-01';
  let folder = '';
  let built: Run;
  let worker: Worker | undefined;
  let url = '';
  beforeAll(async () => {
    folder = join(project, [name, ...compatibilityFlags].join('-'));
    const args = ['deploy', 'worker.mjs', '--dry-run', '--outdir', folder, '--name', 'flash'];
    args.push('--compatibility-date', compatibilityDate);
    for (const flag of compatibilityFlags) args.push('--compatibility-flags', flag);
    // The newest one needs Node 22.
    const node = part('node22/bin/node');
    built = await run(node, [part(`${name}/bin/wrangler.js`), ...args], project, quiet());
    if (built.code !== 0) throw new Error(built.stdout + built.stderr);
    const { Miniflare } = load('miniflare') as { Miniflare: new (options: object) => Worker };
    worker = new Miniflare({
      modules: true,
      script: await readFile(join(folder, 'worker.js'), 'utf8'),
      compatibilityDate,
      compatibilityFlags,
      // It would be asked for from Cloudflare.
      cf: false,
    });
    url = String(await worker.ready);
  });
  afterAll(() => worker?.dispose());

  test('builds one file, and says nothing of it', async () => {
    expect(built.stderr).toBe('');
    expect(built.stdout).toMatch(/^Total Upload/m);
    expect(built.stdout).not.toMatch(/▲|✘|warn|error|deepseek|undici|node:/i);
    const files = await readdir(folder);
    expect(files.filter((file) => /\.[cm]?js$/.test(file))).toEqual(['worker.js']);
  });

  // Without the flag workerd notices that a visitor has left when it writes the next time.
  testServed(() => url, compatibilityFlags.includes('enable_request_signal') ? 15_000 : 50);
});

// ---------------------------------------------------------------- one file

/** Runs files in a folder where there is nothing else. */
async function runAlone(files: string[], args: string[], env: object = {}): Promise<Run> {
  const folder = tempFolder();
  try {
    for (const file of files) await cp(file, join(folder, file.split('/').at(-1) ?? ''));
    return await run(process.execPath, args, folder, env);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test.each(['mjs', 'cjs'])('ncc makes one file of program.%s', async (kind) => {
  const folder = join(project, `ncc-${kind}`);
  const args = [part('@vercel/ncc/dist/ncc/cli.js'), 'build', `program.${kind}`, '--no-cache'];
  const built = await run(process.execPath, [...args, '-o', folder], project, quiet());
  expect(built.stderr).toBe('');
  expect(built.stdout).not.toMatch(/warn|error/i);
  expect(await readdir(folder)).toEqual([`index.${kind}`]);
  script(emulator);
  const file = join(folder, `index.${kind}`);
  const told = await runAlone([file], [`index.${kind}`, emulator.baseURL('deepseek')]);
  expect(told.stderr).toBe('');
  expect(JSON.parse(told.stdout)).toEqual(expected);
});

const withRequire =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

describe('a Lambda function in one file', () => {
  test.each([
    ['CommonJS', 'cjs', '', /^$/],
    ['ESM with a require', 'mjs', withRequire, /^$/],
    // undici is CommonJS and asks for Node's modules, which esbuild's ESM refuses.
    ['ESM without it, over fetch', 'mjs', '', /^\(node:\d+\) DeepSeekV4FlashWarning: undici could/],
  ])('as %s', async (name, kind, js, stderr) => {
    const { build } = load('esbuild') as {
      build(options: object): Promise<{ warnings: unknown[] }>;
    };
    const folder = join(project, `lambda ${name}`);
    await mkdir(folder);
    const outfile = join(folder, `lambda.${kind}`);
    const { warnings } = await build({
      entryPoints: [join(project, 'lambda.mjs')],
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node20',
      format: kind === 'cjs' ? 'cjs' : 'esm',
      outfile,
      banner: { js },
    });
    expect(warnings).toEqual([]);
    const hangs = { ...faults.cutBefore('before finish', 'hang'), answer: { content: 'Hello' } };
    emulator.reply({ content: 'Hello' }, { content: 'Hello again' }, hangs);
    const files = [outfile, join(project, 'call-lambda.mjs')];
    const env = { VENDOR: emulator.baseURL('deepseek') };
    const told = await runAlone(files, ['call-lambda.mjs', `./lambda.${kind}`], env);
    expect(told.stderr).toMatch(stderr);
    const whole = { statusCode: 200, body: 'Hello' };
    expect(JSON.parse(told.stdout)).toEqual({ whole, streamed: 'Hello again', left: 'aborted' });
  });
});
