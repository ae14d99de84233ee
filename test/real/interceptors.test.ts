import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Findings } from './intercepted.ts';
import { traces } from './secrets.ts';

// Which interceptors catch the calls of which transport, and what their own errors tell. Each runs in a process of its
// own (intercepted.ts), under this Node where it is made for it, and under a newer one.

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const majorOf = (version: string): number => Number(version.replace('v', '').split('.')[0]);
const own = {
  node: `Node ${majorOf(process.version)}`,
  major: majorOf(process.version),
  path: process.execPath,
};
const newer = { node: 'Node 24', major: 24, path: here('node_modules/.bin/node') };
const nodes = own.major < newer.major ? [own, newer] : [own];

interface Interceptor {
  name: string;
  /** As intercepted.ts knows it. */
  program: string;
  /** The first Node that it is made for. */
  since: number;
  /** Whether it catches calls, by the transport: given to `undiciTransport` itself, the default, `fetchTransport()`. */
  catches: Record<string, boolean>;
}

const everywhere = { given: true, default: true, fetch: true };
const fetchAlone = { default: false, fetch: true };

const interceptors: Interceptor[] = [
  { name: 'MockAgent of undici 6', program: 'undici6', since: 20, catches: everywhere },
  { name: 'MockAgent of undici 7', program: 'undici7', since: 20, catches: everywhere },
  { name: 'MockAgent of undici 8', program: 'undici8', since: 22, catches: everywhere },
  { name: 'nock 14', program: 'nock14', since: 20, catches: fetchAlone },
  { name: 'nock 15', program: 'nock15', since: 22, catches: { default: true, fetch: true } },
  { name: 'msw 2', program: 'msw2', since: 20, catches: fetchAlone },
  { name: 'msw 3', program: 'msw3', since: 22, catches: fetchAlone },
  { name: 'a stubbed fetch', program: 'stub', since: 20, catches: fetchAlone },
];

const found = new Map<string, Promise<Findings>>();

/** What came of the calls of one interceptor; its program runs once. */
function findingsOf(path: string, program: string): Promise<Findings> {
  const id = `${path} ${program}`;
  const known = found.get(id) ?? start(path, program);
  found.set(id, known);
  return known;
}

async function start(path: string, program: string): Promise<Findings> {
  const { stdout } = await run(path, ['--import', 'tsx', here('intercepted.ts'), program]);
  return JSON.parse(stdout) as Findings;
}

const rows = nodes.flatMap(({ node, major, path }) =>
  interceptors
    .filter(({ since }) => since <= major)
    .map((interceptor) => ({ ...interceptor, node, path })),
);

describe.each(rows)('$name, $node', ({ program, path, catches }) => {
  test.each(Object.entries(catches))(
    'with the transport %s: caught is %s',
    async (by, isCaught) => {
      const { [by]: calls } = await findingsOf(path, program);
      const answer = isCaught ? 'mocked' : 'real';

      expect(calls).toMatchObject({ whole: answer, streamed: answer });
    },
  );

  test.each(Object.keys(catches).filter((by) => catches[by]))(
    'with the transport %s, a call that it does not know fails without its key and its prompt',
    async (by) => {
      const { [by]: calls } = await findingsOf(path, program);

      for (const [misfit, { code, shown }] of Object.entries(calls?.unmatched ?? {})) {
        expect(['connection', 'server_error'], misfit).toContain(code);
        const seen = traces.filter((trace) => shown.some((text) => text.includes(trace)));
        expect(seen, `${misfit}: ${shown[0]}`).toEqual([]);
      }
    },
  );
});
