import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempFolder } from '../kit/process.ts';

// The package as npm would bring it, in a project of its own.

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, without a key of the user's. */
export function run(file: string, args: string[], cwd: string, env: object = {}): Promise<Run> {
  const { DEEPSEEK_API_KEY: _key, NODE_OPTIONS: _options, ...own } = process.env;
  const options = { cwd, env: { ...own, NO_COLOR: '1', ...env }, timeout: 100_000 };
  return new Promise((resolve) => {
    execFile(file, args, options as object, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? 1);
      resolve({ code, stdout: String(stdout), stderr: String(stderr) });
    });
  });
}

/** A folder in which what `npm pack` makes of `dist/` is installed. */
export async function installPacked(): Promise<{ project: string; remove(): Promise<void> }> {
  const project = tempFolder();
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', project];
  const packed = JSON.parse((await run('npm', pack, root)).stdout) as { filename: string }[];
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  const installed = await run('npm', ['install', ...quiet, `./${packed[0]?.filename}`], project);
  if (installed.code !== 0) throw new Error(installed.stderr);
  return { project, remove: () => rm(project, { recursive: true, force: true }) };
}
