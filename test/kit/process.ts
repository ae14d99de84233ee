import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryVariable } from '../temporary.ts';

// Programs that serve on this machine: each with a folder and ports of its own, in the foreground, until it is stopped.

/** A program that takes connections. */
export interface Running {
  ports: number[];
  /** Ends it, and removes its folder. */
  stop(): Promise<void>;
}

/** What a program is started with, once its ports and its folder are known. */
export interface Setup {
  args: string[];
  /** Contents by name, in its folder. */
  files: Record<string, string>;
}

type Configure = (place: { ports: number[]; folder: string }) => Setup;

/** Starts a program. Ports that somebody else has taken meanwhile are given up for others. */
export async function startProgram(
  path: string,
  configure: Configure,
  portCount = 1,
): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    const folder = tempFolder();
    const ports = await freePorts(portCount);
    const { args, files } = configure({ ports, folder });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const child = spawn(path, args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Programs that keep things in the user's home keep them here.
      env: { PATH: process.env.PATH ?? '', HOME: folder },
    });
    const said = gather(child);
    const stop = async (): Promise<void> => {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      for (const port of ports) await accepting(port, child);
      return { ports, stop };
    } catch (cause) {
      await stop();
      if (attempt === 3) throw new Error(`${path} did not start:\n${said()}`, { cause });
    }
  }
}

/** An empty folder. What is left of it when the run of the tests ends is removed then. */
export function tempFolder(): string {
  return mkdtempSync(join(process.env[temporaryVariable] ?? tmpdir(), 'deepseek-v4-flash-'));
}

/** Ports that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** The last that a program has said. Somebody has to read it, or it would wait at some time. */
function gather({ stdout, stderr }: ChildProcess): () => string {
  let text = '';
  for (const output of [stdout, stderr]) {
    output
      ?.setEncoding('utf8')
      .on('data', (piece: string) => (text = (text + piece).slice(-4_000)));
  }
  return () => text;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
  await ended;
  clearTimeout(timer);
}

/** @throws if the program ends, or takes no connection within ten seconds */
async function accepting(port: number, child: ChildProcess): Promise<void> {
  for (const endsAt = Date.now() + 10_000; Date.now() < endsAt;) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (await takesConnection(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Nothing listens on port ${port}`);
}

function takesConnection(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (isTaken: boolean): void => {
      socket.destroy();
      resolve(isTaken);
    };
    socket.on('connect', () => settle(true)).on('error', () => settle(false));
  });
}

// ---------------------------------------------------------------- the programs

/** nginx, as one process. @param http what its `http` block holds */
export function startNginx(
  path: string,
  http: (ports: number[]) => string,
  portCount = 1,
): Promise<Running> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const paths = temporary.map((name) => `${name}_temp_path ${name};`).join(' ');
  return startProgram(
    path,
    ({ ports, folder }) => ({
      args: ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'],
      files: {
        'nginx.conf': `daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http { access_log off; ${paths} ${http(ports)} }`,
      },
    }),
    portCount,
  );
}

/** Caddy. @param site what the block of its only site holds */
export function startCaddy(path: string, site: string): Promise<Running> {
  return startProgram(path, ({ ports: [port] }) => ({
    args: ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile'],
    files: {
      Caddyfile: `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  ${site}
}
`,
    },
  }));
}

/** tinyproxy. @param lines more of its configuration @param denied patterns of hosts that it refuses to reach */
export function startTinyproxy(
  path: string,
  lines: readonly string[],
  denied?: string,
): Promise<Running> {
  return startProgram(path, ({ ports: [port], folder }) => ({
    args: ['-d', '-c', 'tinyproxy.conf'],
    files: {
      'tinyproxy.conf': [
        `Port ${port}`,
        'Listen 127.0.0.1',
        'Allow 127.0.0.1',
        'Timeout 20',
        'MaxClients 50',
        ...(denied === undefined ? [] : [`Filter "${join(folder, 'denied')}"`]),
        ...lines,
        '',
      ].join('\n'),
      denied: `${denied ?? ''}\n`,
    },
  }));
}
