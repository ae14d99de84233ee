import type { Logger } from './spectators.ts';

interface Runtime {
  env?: Record<string, string | undefined>;
  stderr?: { write?: (text: string) => unknown };
}

/** The logger of a client that was given none: `DEEPSEEK_V4_FLASH_LOG=debug` writes a line for each step of a call. */
export function environmentLogger(): Logger {
  const { process } = globalThis as { process?: Runtime };
  return readLevel(process) === 'debug' ? stderrLogger : noLogger;
}

const noLogger: Logger = {};

const stderrLogger: Logger = {
  debug(message, details) {
    const { process, console } = globalThis as {
      process?: Runtime;
      console?: { error(text: string): void };
    };
    const at = new Date().toISOString();
    const line = `${at} deepseek-v4-flash ${message} ${JSON.stringify(details)}`;
    // Workers have no standard error, and a console that keeps what it is told.
    if (process?.stderr?.write) process.stderr.write(`${line}\n`);
    else console?.error(line);
  },
};

/** Deno throws where the environment may not be read. */
function readLevel(process: Runtime | undefined): string | undefined {
  try {
    return process?.env?.DEEPSEEK_V4_FLASH_LOG;
  } catch {
    return undefined;
  }
}
