// Every measurement is a process of its own; the server is another one.

import { execFile, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { peersArguments } from './peers.mjs';
import { encodeScenario } from './wire.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

export async function startServer() {
  const child = fork(`${here}server.mjs`);
  const answered = () => new Promise((resolve) => child.once('message', resolve));
  const { port } = await answered();
  const ask = async (order, scenario) => {
    child.send({ order, part: scenario && encodeScenario(scenario) });
    return (await answered()).done;
  };
  return {
    url: (scenario) => `http://127.0.0.1:${port}/${encodeScenario(scenario)}`,
    /** Makes the bytes of streams before somebody waits for them. */
    async prepare(...scenarios) {
      for (const scenario of scenarios) await ask('prepare', scenario);
    },
    /** Gives up the bytes of large answers. */
    async forget(...scenarios) {
      for (const scenario of scenarios) await ask('forget', scenario);
    },
    cpuMicroseconds: () => ask('cpu'),
    close: () => child.disconnect(),
  };
}

/** Runs a file with Node; resolves with the JSON of its last line. */
function runNode(file, args, { timeoutMs = 240_000 } = {}) {
  const options = { cwd: here, timeout: timeoutMs, maxBuffer: 1 << 24, env: quietEnvironment() };
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...peersArguments, file, ...args],
      options,
      (error, stdout, stderr) => {
        if (error?.killed) return reject(new Error(`not done within ${timeoutMs / 1_000} s`));
        if (error) return reject(new Error(whyOf(stderr) ?? `ended with ${error.code}`));
        return resolve(JSON.parse(stdout.trim().split('\n').at(-1)));
      },
    );
  });
}

export const runClient = (subject, task, options, limits) =>
  runNode('client.mjs', [JSON.stringify({ subject, task, ...options })], limits);

export const runImport = (names) => runNode('import.mjs', names);

// Settings of the shell are not to change what is measured, nor to send anything anywhere.
function quietEnvironment() {
  const { PATH, HOME, TMPDIR, SystemRoot } = process.env;
  return { PATH, HOME, TMPDIR, SystemRoot, NO_COLOR: '1', AI_SDK_LOG_WARNINGS: 'false' };
}

const whyOf = (stderr) =>
  stderr
    .split('\n')
    .find((line) => /^(\w*Error\b|\w+ \[\w+\]|Uncaught)/.test(line.trim()))
    ?.trim()
    .slice(0, 200);
