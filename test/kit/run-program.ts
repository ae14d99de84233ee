import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Programs for users, run as users do: with tsx, in a process of their own.

const root = fileURLToPath(new URL('../../', import.meta.url));

/** How a program ended, and what it printed. */
export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program as a newcomer would, with tsx, in a process of its own. */
export function runProgram(
  file: string,
  args: string[] = [],
  options: { env?: object; stdin?: string } = {},
): Promise<Run> {
  const { DEEPSEEK_API_KEY: _key, NODE_OPTIONS: _options, ...env } = process.env;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', file, ...args],
      { cwd: root, env: { ...env, ...options.env } as NodeJS.ProcessEnv, timeout: 60_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      },
    );
    child.stdin?.end(options.stdin ?? '');
  });
}

/** The environment of a program whose vendors are emulated, and which believes that it has a key. */
export const emulatedEnvironment = (key: string, emulatorUrl: string): object => ({
  [key]: 'test-key',
  EMULATOR_URL: emulatorUrl,
  NODE_OPTIONS: `--import tsx --import ${join(root, 'test/examples/emulated-network.mjs')}`,
});
