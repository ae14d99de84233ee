import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { describe, expect, test } from 'vitest';
import { pairs } from '../kit/moving.ts';
import { emulatedEnvironment, runProgram } from '../kit/run-program.ts';

// Programs that have moved here. Those that they came from need the packages that they left: test/real/moving.

const folder = fileURLToPath(new URL('../../examples/moving/', import.meta.url));
const page = await readFile(join(folder, 'README.md'), 'utf8');
const shown = [...page.matchAll(/^`([\w.-]+\.ts)`:\n\n```ts\n([\s\S]*?)```$/gm)];

describe('the page about moving', () => {
  test('shows each program of the folder once, and a program after for each before', async () => {
    const files = (await readdir(folder)).filter((name) => name.endsWith('.ts'));

    expect(shown.map(([, name]) => name).toSorted()).toEqual(files.toSorted());
    expect(page.match(/```ts/g)).toHaveLength(files.length);
    const ends = ['before.ts', 'after.ts'];
    const paired = Object.keys(pairs).flatMap((name) => ends.map((end) => `${name}.${end}`));
    expect(files.filter((name) => !name.endsWith('.kept.ts')).toSorted()).toEqual(
      paired.toSorted(),
    );
  });

  test.each(shown.map(([, name = '', program]) => [name, program]))(
    'shows %s as it stands in its file',
    async (name, program) => {
      expect(program).toBe(await readFile(join(folder, name), 'utf8'));
    },
  );
});

describe.concurrent('programs that have moved', () => {
  test.each(Object.entries(pairs))('%s answers', async (name, { replies, printed }) => {
    const emulator = await startEmulator();
    emulator.reply(...replies);
    const env = emulatedEnvironment('DEEPSEEK_API_KEY', emulator.url);

    const run = await runProgram(`examples/moving/${name}.after.ts`, [], { env });
    await emulator.close();

    expect(run).toMatchObject({ code: 0, stderr: '' });
    for (const text of printed) expect(run.stdout).toContain(text);
    emulator.assertNoPendingReplies();
  });
});
