import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expected, script } from './conformance.ts';
import { installPacked, run } from './packed.ts';

// The packed package in the test runners of its users, with the emulator that it brings.

const here = fileURLToPath(new URL('./', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const load = createRequire(join(here, 'package.json'));

let project = '';
let remove: (() => Promise<void>) | undefined;
beforeAll(async () => {
  ({ project, remove } = await installPacked());
}, 120_000);
afterAll(() => remove?.());

let emulator!: EmulatorServer;
beforeEach(async () => {
  emulator = await startEmulator();
  script(emulator);
});
afterEach(() => emulator.close());

/** The program that all runtimes run, as a test of the runner: its text, since not every runner imports from elsewhere. */
async function conformance(): Promise<string> {
  const text = await readFile(join(here, 'conformance.mjs'), 'utf8');
  return `${text.replace('export async function', 'async function').replace('const messages', 'const asked').replaceAll('{ messages', '{ messages: asked')}
test('it conforms', async () => {
  const result = await conform({ createClient, isChatError }, ${JSON.stringify(emulator.baseURL('deepseek'))});
  expect(result).toEqual(${JSON.stringify(expected)});
});
`;
}

const answers = `const { transport, reply } = createEmulator();
  reply({ content: 'Hello' });
  const client = createClient({ apiKey: 'any-key-of-mine', transport });
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  const stream = await client.chat.completions.create({ messages, stream: true });
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  expect(text).toBe('Hello');
  expect((await stream.finalCompletion()).choices).toHaveLength(1);`;

const untyped = answers.replaceAll(' as const', '');

const asESM = (
  body: string,
): string => `import { createClient, isChatError } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
test('it answers', async () => {
  ${body}
});
`;

const asCommonJS = (
  body: string,
): string => `const { createClient, isChatError } = require('deepseek-v4-flash');
const { createEmulator } = require('deepseek-v4-flash/testing');
test('it answers', async () => {
  ${body}
});
`;

const missing = `const client = createClient({ apiKey: 'any-key-of-mine' });
  const messages = [{ role: 'user', content: 'Hi' }];
  const error = await client.chat.completions.create({ messages }).catch((reason) => reason);
  expect(error.code).toBe('invalid_options');
  expect(error.message).toContain('customExportConditions');`;

describe('Jest', () => {
  const preset = [load.resolve('@babel/preset-env'), { targets: { node: 'current' } }];
  const babel = [load.resolve('babel-jest'), { presets: [preset] }];
  const ts = [load.resolve('ts-jest'), { diagnostics: false, tsconfig: { esModuleInterop: true } }];
  const esmTs = [
    load.resolve('ts-jest'),
    {
      diagnostics: false,
      useESM: true,
      tsconfig: { module: 'esnext', moduleResolution: 'bundler' },
    },
  ];

  test.each<[string, string, string, object]>([
    ['as it comes', 'one.test.cjs', asCommonJS(untyped), { transform: {} }],
    ['with ESM', 'one.test.mjs', asESM(untyped), { transform: {} }],
    ['with babel-jest', 'one.test.mjs', asESM(untyped), { transform: { '\\.mjs$': babel } }],
    ['with ts-jest', 'one.test.ts', asESM(answers), { transform: { '\\.ts$': ts } }],
    [
      'with ts-jest and ESM',
      'one.test.ts',
      asESM(answers),
      { transform: { '\\.ts$': esmTs }, extensionsToTreatAsEsm: ['.ts'] },
    ],
    [
      'with jsdom, where a call says what is missing',
      'one.test.cjs',
      asCommonJS(missing).replace(/.*testing.*\n/, ''),
      { transform: {}, testEnvironment: load.resolve('jest-environment-jsdom') },
    ],
    [
      'with jest-fixed-jsdom',
      'one.test.cjs',
      asCommonJS(untyped),
      { transform: {}, testEnvironment: load.resolve('jest-fixed-jsdom') },
    ],
  ])('%s', async (name, file, program, more) => {
    const folder = join(project, name.replaceAll(/\W+/g, '-'));
    await mkdir(folder);
    await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
    const isWhole = !program.includes('customExportConditions');
    await writeFile(join(folder, file), isWhole ? program + (await conformance()) : program);
    const config = {
      rootDir: folder,
      testEnvironment: load.resolve('jest-environment-node'),
      testMatch: ['**/*.test.*'],
      moduleFileExtensions: ['mjs', 'js', 'cjs', 'ts', 'json'],
      ...more,
    };
    await writeFile(join(folder, 'jest.config.json'), JSON.stringify(config));
    const args = [load.resolve('jest/bin/jest'), '-c', join(folder, 'jest.config.json')];
    // Jest runs ESM behind a flag of Node's.
    const flags = program.startsWith('import') ? ['--experimental-vm-modules'] : [];
    const isBabel = name.includes('babel') || name === 'with ts-jest';
    const all = [...(isBabel ? [] : flags), '--no-warnings', ...args, '--no-cache'];
    const { code, stderr } = await run(process.execPath, all, folder);
    expect(code === 0 ? 'passed' : stderr).toBe('passed');
  });
});

test.each(['threads', 'forks', 'vmThreads'])('vitest with %s', async (pool) => {
  const folder = join(project, `vitest-${pool}`);
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  await symlink(
    join(root, 'node_modules', 'vitest'),
    join(folder, 'node_modules', 'vitest'),
    'junction',
  );
  await writeFile(
    join(folder, 'one.test.ts'),
    `import { expect, test } from 'vitest';\n${asESM(answers)}${await conformance()}`,
  );
  const args = [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--pool', pool];
  const { code, stdout, stderr } = await run(process.execPath, args, folder);
  expect(code === 0 ? 'passed' : stdout + stderr).toBe('passed');
});
