// A Redis for the example: the one at REDIS_URL, or one that is started here and gone afterwards.
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface RedisHere {
  url: string;
  name: string;
  stop(): void;
}

const names = ['redis-server', 'valkey-server', 'redict-server'];

/** @throws Error that says what to install */
export async function startRedis(): Promise<RedisHere> {
  const url = process.env.REDIS_URL;
  if (url) return { url, name: 'the Redis at REDIS_URL', stop() {} };
  const path = pathOf(names);
  if (path === undefined) {
    throw new Error(
      'The fleet needs Redis or Valkey. Install one (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis), or set REDIS_URL',
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'fleet-'));
  const port = await freePort();
  // What a queue needs: every change is written down, and nothing is thrown away for want of memory.
  const options = ['--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction'];
  const place = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder];
  const child = spawn(path, [...place, ...options], { stdio: 'ignore' });
  return {
    url: `redis://127.0.0.1:${port}`,
    name: `${path} on port ${port}`,
    stop() {
      child.once('exit', () => rmSync(folder, { recursive: true, force: true }));
      child.kill();
    },
  };
}

function pathOf(programs: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = programs.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
