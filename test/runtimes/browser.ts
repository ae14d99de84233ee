import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempFolder } from '../kit/process.ts';

// A browser without a window, on one page, with a profile of its own. It reaches nothing but this machine: whatever its
// maker has it ask for in the background goes to a proxy that is not there, which addresses of this machine do not.

interface Browser {
  /** Of the system: its name, and Debian's for the package. */
  program: string;
  debian: string;
  args(profile: string): string[];
  /** Files of the profile. */
  files: Record<string, string>;
}

const prefs = {
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 9,
  'network.trr.mode': 5,
  'app.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
};

export const browsers = {
  Chromium: {
    program: 'chromium',
    debian: 'chromium',
    args: (profile) => [
      '--headless',
      // Containers have no sandbox to give, and the pages are ours.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--no-first-run',
      '--proxy-server=127.0.0.1:9',
      `--user-data-dir=${profile}`,
    ],
    files: {},
  },
  Firefox: {
    program: 'firefox-esr',
    debian: 'firefox-esr',
    args: (profile) => ['--headless', '--no-remote', '--profile', profile],
    files: {
      'user.js': Object.entries(prefs)
        .map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`)
        .join(''),
    },
  },
} satisfies Record<string, Browser>;

export interface OpenPage {
  /** Rejects with what the browser has said, if it ends before it is closed. */
  ended: Promise<never>;
  /** Ends it with all its processes, and removes its profile. */
  close(): Promise<void>;
}

/** Starts a browser on a page. */
export async function openPage(
  path: string,
  { args, files }: Browser,
  url: string,
): Promise<OpenPage> {
  const profile = tempFolder();
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(profile, name), content);
  }
  // Detached, so that it leads a group of processes that can be ended together.
  const child = spawn(path, [...args(profile), url], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: profile },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    said = (said + piece).slice(-2_000);
  });
  const exit = once(child, 'exit');
  const ended = exit.then(() => {
    throw new Error(`${path} ended by itself:\n${said}`);
  });
  ended.catch(() => {});
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  };
  process.once('exit', kill);
  return {
    ended,
    async close() {
      kill();
      process.removeListener('exit', kill);
      await exit.catch(() => {});
      // Its children may take a moment longer, and write into it.
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}
