import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { freePorts, tempFolder } from '../../kit/process.ts';

/** A server of this machine, on a port of its own, which can be stopped and started again. */
export interface RedisServer {
  readonly port: number;
  /** Ends it at once, as an outage does. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** @param keeps whether it finds again what was in it when it ended; a queue needs that */
export async function startRedis(path: string, keeps = false): Promise<RedisServer> {
  const folder = tempFolder();
  const [port = 0] = await freePorts(1);
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const options = ['--save', '', '--appendonly', keeps ? 'yes' : 'no', '--dir', folder];
    child = spawn(path, ['--port', `${port}`, ...options], { stdio: 'ignore' });
    for (let attempt = 0; attempt < 200; attempt++) {
      if (await answers(port)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`${path} did not start`);
  };
  const kill = async (): Promise<void> => {
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    child = undefined;
    await ended;
  };
  await start();
  return {
    port,
    kill,
    start,
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const settle = (isUp: boolean): void => {
      socket.destroy();
      resolve(isUp);
    };
    // While it still reads what it kept, it answers with an error.
    socket.on('data', (answer) => settle(`${answer}`.startsWith('+PONG')));
    socket.on('error', () => settle(false));
  });
}
