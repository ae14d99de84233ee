import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { providers } from 'deepseek-v4-flash';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const variables = Object.values(providers).flatMap(({ profile }) => profile.apiKeyVariables);

let emulator: Awaited<ReturnType<typeof startEmulator>>;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

/** The command in a process of its own, whose vendors are emulated where it believes that it has keys. */
function doctor(
  args: string[],
  keys: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env: NodeJS.ProcessEnv = { ...process.env, ...keys, EMULATOR_URL: emulator.url };
  for (const name of variables) if (!(name in keys)) delete env[name];
  const loaders = ['--import', 'tsx', '--import', join(root, 'test/examples/emulated-network.mjs')];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...loaders, 'src/entries/cli/index.ts', 'doctor', ...args],
      { cwd: root, env: { ...env, NODE_OPTIONS: '' }, timeout: 60_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      },
    );
  });
}

test('without a key it asks the emulator about every vendor, and says that this proves nothing of them', async () => {
  const { code, stdout, stderr } = await doctor([]);

  expect(stdout).toContain('Everything is as the registry says.');
  expect(code).toBe(0);
  const [head, ...rows] = stdout.split('\n\n')[0]?.split('\n') ?? [];
  expect(head).toMatch(
    /^vendor +key +model +streaming +thinking off +tools +JSON +usage +cost +first +total$/,
  );
  expect(rows.map((row) => row.split(' ')[0])).toEqual(Object.keys(providers));
  expect(stderr).toContain('Asking the built-in emulator, since no key is set');
});

test('with a key it asks that vendor alone, with two calls, and gives JSON', async () => {
  const before = emulator.requests.length;
  const { code, stdout, stderr } = await doctor(['--json'], { AIMLAPI_KEY: 'a-secret-key' });

  const { source, vendors } = JSON.parse(stdout);
  expect(source).toBe('vendors');
  expect(vendors).toHaveLength(1);
  expect(vendors[0]).toMatchObject({ vendor: 'aimlapi', name: 'AIML API' });
  expect(vendors[0].checks.map(({ name }: { name: string }) => name)).toEqual([
    'key',
    'model',
    'streaming',
    'thinking off',
    'tools',
    'JSON',
    'usage',
    'cost',
  ]);
  expect(vendors[0].totalMs).toBeGreaterThan(0);
  expect(code).toBe(0);
  expect(emulator.requests.slice(before)).toHaveLength(2);
  expect(stderr).toContain('aimlapi: asking for JSON\n');
  expect(stdout + stderr).not.toContain('a-secret-key');
});

test('what differs from the registry is told, with the exit code 1', async () => {
  emulator.reply(
    { content: 'No.', reasoning_content: 'Thought all the same.' },
    { content: 'Not JSON.' },
  );
  const { code, stdout } = await doctor(['deepseek'], { DEEPSEEK_API_KEY: 'key-of-a-test' });

  expect(code).toBe(1);
  expect(stdout).toContain(
    'deepseek: thinking off: the registry says "can be switched off", and the answer says "it thought".',
  );
  expect(stdout).toContain(
    'deepseek: tools: the registry says "called", and the answer says "not called".',
  );
  expect(stdout).toContain('deepseek: JSON: ');
});

test('a key that is refused is told, with the exit code 1', async () => {
  const { code, stdout } = await doctor(['--json'], { DEEPSEEK_API_KEY: 'wrong' });

  expect(code).toBe(1);
  const [{ error, checks }] = JSON.parse(stdout).vendors;
  expect(error).toMatchObject({ code: 'authentication', status: 401 });
  expect(checks).toEqual([
    { name: 'key', believed: 'accepted', seen: 'authentication', verdict: 'failed' },
  ]);
});

test('a vendor that is named and has no key, while another one has, is refused', async () => {
  const { code, stderr } = await doctor(['vtrix'], { DEEPSEEK_API_KEY: 'key-of-a-test' });

  expect(code).toBe(2);
  expect(stderr).toContain('There is no key for Vtrix: set VTRIX_API_KEY.');
});
