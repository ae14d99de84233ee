import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';

// Programs in processes of their own, as a newcomer runs them.

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program with tsx. */
export function run(
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
export const emulatedBy = ({ url }: EmulatorServer, key: string): object => ({
  [key]: 'test-key',
  EMULATOR_URL: url,
  NODE_OPTIONS: `--import tsx --import ${join(root, 'test/examples/emulated-network.mjs')}`,
});
