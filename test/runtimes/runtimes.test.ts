import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expected, script } from './conformance.ts';
import { installPacked, run } from './packed.ts';

// One program, built and run by parts that nobody here wrote, against the emulator on this machine.

const here = fileURLToPath(new URL('./', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const load = createRequire(join(here, 'package.json'));
const bin = (name: string): string => join(here, 'node_modules', '.bin', name);

let project = '';
let remove: (() => Promise<void>) | undefined;
let emulator: EmulatorServer;
beforeAll(async () => {
  emulator = await startEmulator();
  ({ project, remove } = await installPacked());
  await cp(join(here, 'conformance.mjs'), join(project, 'conformance.mjs'));
  const url = JSON.stringify(emulator.baseURL('deepseek'));
  const body = `conform(library, ${url}).then((told) => console.log(JSON.stringify(told)));\n`;
  await writeFile(
    join(project, 'program.mjs'),
    `import * as library from 'deepseek-v4-flash';\nimport { conform } from './conformance.mjs';\n${body}`,
  );
  await writeFile(
    join(project, 'program.cjs'),
    `const library = require('deepseek-v4-flash');\nimport('./conformance.mjs').then(({ conform }) => ${body.trim().slice(0, -1)});\n`,
  );
}, 120_000);
afterAll(async () => {
  await emulator.close();
  await remove?.();
});

async function expectConformance(file: string, args: string[]): Promise<void> {
  script(emulator);
  const { code, stdout, stderr } = await run(file, args, project);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(expected);
  expect(code).toBe(0);
  emulator.assertNoPendingReplies();
}

describe('runs', () => {
  test.each<[string, string, string[]]>([
    ['Node, ESM', process.execPath, ['program.mjs']],
    ['Node, CommonJS', process.execPath, ['program.cjs']],
    ['Bun', bin('bun'), ['program.mjs']],
    ['Deno', bin('deno'), ['run', '-A', 'program.mjs']],
    [
      'Deno with the network alone',
      bin('deno'),
      ['run', '--allow-net', '--allow-read', 'program.mjs'],
    ],
  ])('in %s', async (_where, file, args) => {
    await expectConformance(file, args);
  });

  test('in Deno without permissions, whose error says which', async () => {
    const program = `import { createClient } from 'deepseek-v4-flash';
const ask = (options) => createClient({ maxRetries: 3, ...options }).chat.completions
  .create({ messages: [{ role: 'user', content: 'Hi' }] })
  .catch((error) => console.log(error.code, error.message, error.report.attempts.length));
await ask({});
await ask({ apiKey: 'any-key-of-mine' });
`;
    await writeFile(join(project, 'denied.mjs'), program);
    const args = ['run', '--no-prompt', '--allow-read', 'denied.mjs'];
    const { stdout } = await run(bin('deno'), args, project);
    const [key, net] = stdout.split('\n');
    expect(key).toMatch(/^missing_api_key .*--allow-env/);
    expect(net).toMatch(/^invalid_options .*--allow-net 1$/);
  });
});

// ---------------------------------------------------------------- bundlers

interface ESBuild {
  build(options: object): Promise<{ warnings: unknown[]; metafile: { outputs: object } }>;
}

describe('is built by esbuild', () => {
  test.each([
    ['browser', 'esm'],
    ['neutral', 'esm'],
    ['node', 'esm'],
    ['node', 'cjs'],
    ['browser', 'iife'],
  ])('for %s as %s, without a warning, and runs', async (platform, format) => {
    const { build } = load('esbuild') as ESBuild;
    const outfile = join(
      project,
      `esbuild-${platform}-${format}.${format === 'esm' ? 'mjs' : 'cjs'}`,
    );
    const { warnings } = await build({
      entryPoints: [join(project, 'program.mjs')],
      bundle: true,
      minify: true,
      platform,
      format,
      outfile,
      // undici's own CommonJS asks for these.
      ...(platform === 'node' &&
        format === 'esm' && {
          banner: {
            js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
          },
        }),
    });
    expect(warnings).toEqual([]);
    await expectConformance(process.execPath, [outfile]);
  });

  test.each([
    [
      "import { createClient, fetchTransport } from 'deepseek-v4-flash'; console.log(createClient({ transport: fetchTransport() }));",
      94_500,
    ],
    [
      "import { createClient } from 'deepseek-v4-flash/core'; import { deepseek } from 'deepseek-v4-flash/providers/deepseek'; console.log(createClient({ provider: deepseek, apiKey: 'k' }));",
      56_500,
    ],
    ["export { isChatError } from 'deepseek-v4-flash';", 500],
    ["export { decodeStream } from 'deepseek-v4-flash';", 20_480],
    ["export { readChat } from 'deepseek-v4-flash/reader';", 3_072],
  ])('and %s is no larger than it was', async (contents, most) => {
    expect(await sizeOf(contents)).toBeLessThanOrEqual(most);
  });

  test.each(['ai-sdk', 'gateway', 'otel', 'redis'])(
    'and ./%s is small beside the client that it stands on',
    async (entry) => {
      const client = "export { createClient } from 'deepseek-v4-flash';";
      const both = `${client} export * from 'deepseek-v4-flash/${entry}';`;
      const more = (await sizeOf(both)) - (await sizeOf(client));
      expect(more).toBeGreaterThan(0);
      expect(more).toBeLessThanOrEqual(12 * 1024);
    },
  );

  /** Minified and gzipped. */
  async function sizeOf(contents: string): Promise<number> {
    const { build } = load('esbuild') as unknown as {
      build(options: object): Promise<{ outputFiles: { contents: Uint8Array }[] }>;
    };
    const { gzipSync } = await import('node:zlib');
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: project },
      bundle: true,
      minify: true,
      platform: 'browser',
      format: 'esm',
      // The user's own, where it is used.
      external: ['@opentelemetry/api'],
      write: false,
    });
    return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
  }
});

interface WebpackStats {
  compilation: { errors: unknown[]; warnings: { message: string }[] };
}

describe('is built by webpack', () => {
  test.each(['web', 'webworker', 'node'])('for %s, without a warning', async (target) => {
    const webpack = load('webpack') as {
      (options: object, done: (error: Error | null, stats: WebpackStats) => void): void;
      optimize: { LimitChunkCountPlugin: new (options: object) => object };
    };
    const path = join(project, `webpack-${target}`);
    const stats = await new Promise<WebpackStats>((resolve, reject) => {
      webpack(
        {
          mode: 'production',
          target,
          context: project,
          entry: './program.mjs',
          output: { path, filename: 'out.cjs', globalObject: 'globalThis' },
          // Its advice on sizes is for pages.
          performance: false,
          plugins: [new webpack.optimize.LimitChunkCountPlugin({ maxChunks: 1 })],
        },
        (error, done) => (error === null ? resolve(done) : reject(error)),
      );
    });
    expect(stats.compilation.errors).toEqual([]);
    expect(stats.compilation.warnings.map(({ message }) => message)).toEqual([]);
    await expectConformance(process.execPath, [join(path, 'out.cjs')]);
  });
});

test('is built by rollup, without a warning', async () => {
  const { rollup } = load('rollup') as {
    rollup(options: object): Promise<{ write(o: object): Promise<void> }>;
  };
  const plugin = load('@rollup/plugin-node-resolve') as { nodeResolve(options: object): object };
  const warnings: unknown[] = [];
  const bundle = await rollup({
    input: join(project, 'program.mjs'),
    plugins: [plugin.nodeResolve({ browser: true })],
    onwarn: (warning: { message: string }) => warnings.push(warning.message),
  });
  const file = join(project, 'rollup.mjs');
  await bundle.write({ file, format: 'esm', inlineDynamicImports: true });
  expect(warnings).toEqual([]);
  await expectConformance(process.execPath, [file]);
});

test('is built by Vite, without a warning', async () => {
  const folder = join(project, 'vite');
  await mkdir(folder);
  await writeFile(
    join(folder, 'index.html'),
    '<script type="module" src="/../program.mjs"></script>',
  );
  const { build } = (await import(load.resolve('vite'))) as {
    build(options: object): Promise<unknown>;
  };
  const said: string[] = [];
  const say = (message: string): void => void said.push(message);
  await build({
    root: project,
    configFile: false,
    customLogger: {
      info() {},
      warn: say,
      warnOnce: say,
      error: say,
      clearScreen() {},
      hasErrorLogged: () => false,
      hasWarned: false,
    },
    build: {
      outDir: folder,
      lib: { entry: join(project, 'program.mjs'), formats: ['es'], fileName: 'out' },
      emptyOutDir: false,
    },
  });
  expect(said).toEqual([]);
  await expectConformance(process.execPath, [join(folder, 'out.js')]);
});

// ---------------------------------------------------------------- workers

async function bundled(conditions: string[], format: string): Promise<string> {
  const { build } = load('esbuild') as unknown as {
    build(options: object): Promise<{ outputFiles: { text: string }[] }>;
  };
  const { outputFiles } = await build({
    stdin: {
      contents: `import * as library from 'deepseek-v4-flash';
import { conform } from './conformance.mjs';
const url = ${JSON.stringify(emulator.baseURL('deepseek'))};
${
  format === 'esm'
    ? 'export default { fetch: async () => Response.json(await conform(library, url)) };'
    : 'globalThis.conform = () => conform(library, url);'
}`,
      resolveDir: project,
    },
    bundle: true,
    format,
    platform: 'neutral',
    conditions,
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

test('runs in workerd', async () => {
  const { Miniflare } = load('miniflare') as {
    Miniflare: new (options: object) => {
      dispatchFetch(url: string): Promise<Response>;
      dispose(): Promise<void>;
    };
  };
  const worker = new Miniflare({
    modules: true,
    compatibilityDate: '2026-07-01',
    script: await bundled(['workerd', 'worker', 'browser'], 'esm'),
  });
  try {
    script(emulator);
    const response = await worker.dispatchFetch('http://localhost/');
    expect(await response.json()).toEqual(expected);
  } finally {
    await worker.dispose();
  }
});

test('runs in the edge runtime', async () => {
  const { EdgeRuntime } = load('edge-runtime') as {
    EdgeRuntime: new (options?: object) => { evaluate<T>(code: string): T };
  };
  const runtime = new EdgeRuntime();
  runtime.evaluate(await bundled(['edge-light', 'worker', 'browser'], 'iife'));
  script(emulator);
  const told = await runtime.evaluate<() => Promise<object>>('globalThis.conform')();
  expect(JSON.parse(JSON.stringify(told))).toEqual(expected);
});

// ---------------------------------------------------------------- test runners

describe('runs in Jest', () => {
  const program = (assertion: string): string => `const library = require('deepseek-v4-flash');
const { createEmulator } = require('deepseek-v4-flash/testing');
test('it answers', async () => {
  ${assertion}
});
`;

  async function jest(
    name: string,
    environment: string,
    test_: string,
    extra = {},
  ): Promise<string> {
    const folder = join(project, name);
    await mkdir(folder);
    await writeFile(join(folder, 'one.test.cjs'), test_);
    const config = {
      rootDir: folder,
      testEnvironment: environment,
      testMatch: ['**/*.test.cjs'],
      moduleDirectories: ['node_modules', join(project, 'node_modules')],
      ...extra,
    };
    await writeFile(join(folder, 'jest.config.json'), JSON.stringify(config));
    const args = [
      load.resolve('jest/bin/jest'),
      '-c',
      join(folder, 'jest.config.json'),
      '--no-cache',
    ];
    const { code, stderr } = await run(process.execPath, args, folder);
    return code === 0 ? 'passed' : stderr;
  }

  test('as it comes', async () => {
    const url = JSON.stringify(emulator.baseURL('deepseek'));
    emulator.reply({ content: 'Hello' });
    const ask = `const client = library.createClient({ baseURL: ${url}, apiKey: 'any-key-of-mine' });
  const messages = [{ role: 'user', content: 'Hi' }];
  const { choices } = await client.chat.completions.create({ messages });
  expect(choices[0].message.content).toBe('Hello');
  const other = library.createClient({ apiKey: 'any-key-of-mine', transport: createEmulator().transport });
  expect((await other.chat.completions.create({ messages })).choices).toHaveLength(1);`;
    expect(await jest('jest-node', load.resolve('jest-environment-node'), program(ask))).toBe(
      'passed',
    );
  });
});

// ---------------------------------------------------------------- people

test('an error that nobody catches can be read, also in a pipe', async () => {
  await writeFile(
    join(project, 'uncaught.mjs'),
    `import { createClient } from 'deepseek-v4-flash';
await createClient().chat.completions.create({ messages: [{ role: 'user', content: 'Hi' }] });
`,
  );
  const { code, stderr } = await run(process.execPath, ['uncaught.mjs'], project);
  expect(code).toBe(1);
  expect(stderr.length).toBeLessThan(4_096);
  expect(stderr).toContain(
    'ChatError: No key for DeepSeek: set DEEPSEEK_API_KEY, or pass it as apiKey',
  );
});

test('the package names no place of its own', async () => {
  const text = await readFile(
    join(project, 'node_modules/deepseek-v4-flash/dist/index.js'),
    'utf8',
  );
  expect(text).not.toContain(root);
});
