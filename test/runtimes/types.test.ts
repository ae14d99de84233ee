import { execFile } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tempFolder } from '../kit/process.ts';

// The declarations, read by other compilers than ours.

const load = createRequire(fileURLToPath(new URL('./package.json', import.meta.url)));
const root = fileURLToPath(new URL('../../', import.meta.url));

const program = `import { createClient, isChatError } from 'deepseek-v4-flash';
import { createFlash } from 'deepseek-v4-flash/ai-sdk';
import { readChat } from 'deepseek-v4-flash/reader';
import { createEmulator } from 'deepseek-v4-flash/testing';

const client = createClient({ apiKey: 'x', transport: createEmulator().transport });
export async function ask(): Promise<string | null> {
  const stream = client.chat.completions.stream({ messages: [{ role: 'user', content: 'x' }] });
  for await (const event of stream.events()) if (event.type === 'content.delta') take(event.delta);
  for await (const text of stream.text()) take(text);
  const { choices } = await client.chat.completions.create({ messages: [{ role: 'user', content: 'x' }] });
  return choices[0].message.content;
}
function take(text: string): unknown {
  return [text, isChatError, readChat, createFlash(client)];
}
`;

let project = '';
beforeAll(async () => {
  project = tempFolder();
  await mkdir(join(project, 'node_modules'));
  await symlink(root, join(project, 'node_modules', 'deepseek-v4-flash'), 'junction');
  await writeFile(join(project, 'program.ts'), program);
});
afterAll(() => rm(project, { recursive: true, force: true }));

test.each([
  ['typescript52', 'nodenext', 'ES2022'],
  ['typescript52', 'nodenext', 'ES2022,DOM'],
  ['typescript52', 'node10', 'ES2022,DOM'],
  ['typescript56', 'nodenext', 'ES2022'],
  ['typescript56', 'bundler', 'ES2022,DOM'],
  ['typescript7', 'nodenext', 'ES2022'],
  ['typescript7', 'bundler', 'ES2022,DOM'],
])('%s, %s, %s takes them, and checks them all', async (compiler, resolution, lib) => {
  const module = { nodenext: 'nodenext', node10: 'commonjs', bundler: 'esnext' }[resolution] ?? '';
  const args = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022'];
  const files = ['--module', module, '--moduleResolution', resolution, '--lib', lib, 'program.ts'];
  const stdout = await new Promise<string>((resolve) => {
    const tsc = join(load.resolve(`${compiler}/package.json`), '..', 'bin', 'tsc');
    execFile(process.execPath, [tsc, ...args, ...files], { cwd: project }, (_error, out) =>
      resolve(out),
    );
  });
  expect(stdout).toBe('');
});
