import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePorts } from './process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The server of examples/web, as a newcomer starts it, on a port of its own. */
export async function startWebExample(env: Record<string, string> = {}, folder = 'examples/web') {
  const [port = 0] = await freePorts(1);
  const { NODE_OPTIONS: _options, ...own } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', `${folder}/server.ts`], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...own, PORT: String(port), ...env },
  });
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  }
  const url = `http://127.0.0.1:${port}`;
  while (!said.includes('http://')) {
    if (child.exitCode !== null) throw new Error(`The server did not start:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    /** Everything that it has printed. */
    said: () => said,
    async stop(): Promise<void> {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
