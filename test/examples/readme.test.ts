import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { startEmulator } from 'deepseek-v4-flash/testing';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { anchorsOf, blocksOf, linksOf, paragraphsOf, readPage } from '../kit/markdown.ts';
import { emulatedEnvironment, runProgram as run } from '../kit/run-program.ts';
import { pageInPackage, pages } from '../package/pages.ts';
import { vendorMatrix } from '../kit/vendor-matrix.ts';

// The README, and the pages that it leads to. Their programs run as they stand, with vendors that are emulated: those
// of the README in processes of their own. The pages about errors and testing have a test of their own: pages.test.ts.

const root = fileURLToPath(new URL('../../', import.meta.url));

const withPrograms = [
  'README.md',
  'src/entries/README.md',
  'src/failover/README.md',
  'src/options/README.md',
  'src/request/README.md',
  'src/stream/README.md',
  'src/tools/README.md',
  'src/transport/README.md',
  'src/values/README.md',
];

const isOurs = (path: string): boolean => !/(^|[\\/])(node_modules|dist|\.[^\\/]+)[\\/]/.test(path);
const allPages = (await Promise.all(['src', 'test', 'examples'].map(pagesUnder))).flat();

async function pagesUnder(folder: string): Promise<string[]> {
  const names = await readdir(join(root, folder), { recursive: true });
  return names
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.md') && isOurs(path));
}

const readme = await readPage('README.md');
const programs = (
  await Promise.all(
    withPrograms.map(async (path) =>
      blocksOf(await readPage(path), 'ts').map((code, index) => ({ path, index, code })),
    ),
  )
).flat();
const nameOf = ({ path, index }: { path: string; index: number }): string =>
  `${path.replaceAll(/\W/g, '-')}-${index}.ts`;

const ofReadme = programs.filter(({ path }) => path === 'README.md');
const ofPages = programs.filter(({ path }) => path !== 'README.md');

/** A program prints something, and what its comments say. */
function expectSaid({ code }: { code: string }, stdout: string): void {
  expect(stdout).not.toBe('');
  for (const [, said = ''] of code.matchAll(/console\.log\(.*\); \/\/ (.*)\n/g)) {
    expect(stdout).toContain(said);
  }
}

/** Runs a program in this process, until it has said what it should. */
async function runHere(
  file: string,
  expectStdout: (stdout: string) => void,
): Promise<{ stdout: string; warnings: unknown[] }> {
  let stdout = '';
  const write = (text: unknown): boolean => {
    stdout += String(text);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(write),
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
    vi.spyOn(console, 'log').mockImplementation((...values) => write(`${format(...values)}\n`)),
  ];
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  try {
    await import(/* @vite-ignore */ pathToFileURL(file).href);
    // A server answers after its program was read.
    await vi.waitFor(() => expectStdout(stdout), { timeout: 10_000, interval: 5 });
    return { stdout, warnings: warned.mock.calls };
  } finally {
    for (const spy of [...spies, warned]) spy.mockRestore();
  }
}

const emulator = await startEmulator();
let folder = '';
beforeAll(async () => {
  // Inside the project, so that the package's own name is found.
  folder = await mkdtemp(join(root, '.readme-'));
  for (const program of programs) await writeFile(join(folder, nameOf(program)), program.code);
  vi.stubEnv('DEEPSEEK_API_KEY', 'test-key');
  vi.stubEnv('EMULATOR_URL', emulator.url);
  await import(/* @vite-ignore */ new URL('emulated-network.mjs', import.meta.url).href);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await emulator.close();
  await rm(folder, { recursive: true, force: true });
});

describe('programs', () => {
  test('are on every page that is listed here', () => {
    expect(new Set(programs.map(({ path }) => path))).toEqual(new Set(withPrograms));
  });

  test.concurrent.each(ofReadme)('$path, program $index runs as it stands', async (program) => {
    const env = emulatedEnvironment('DEEPSEEK_API_KEY', emulator.url);
    const { code, stdout, stderr } = await run(join(folder, nameOf(program)), [], { env });

    expect(stderr).toBe('');
    expect(code).toBe(0);
    expectSaid(program, stdout);
  });

  test.each(ofPages)('$path, program $index runs as it stands', async (program) => {
    const { stdout, warnings } = await runHere(join(folder, nameOf(program)), (text) =>
      expectSaid(program, text),
    );

    expect(stdout).not.toBe('');
    expect(warnings).toEqual([]);
  });

  test('compile', () => {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) =>
      ts.sys.readFile(path),
    ) as { config: object };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const files = programs.map((program) => join(folder, nameOf(program)));
    const found = ts.getPreEmitDiagnostics(
      ts.createProgram(files, { ...options, noUnusedLocals: false }),
    );

    const told = found.map(({ file, messageText }) => [file?.fileName, messageText]);
    expect(told).toEqual([]);
  });
});

describe('the README', () => {
  test('has at most 250 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(250);
  });

  test('its first program prints what stands below it', async () => {
    const [program = ''] = blocksOf(readme, 'ts');
    const [said = ''] = blocksOf(readme, 'text');
    const own = await startEmulator({ delayMs: 20 });
    own.reply({
      content: said.split('\n')[0],
      usage: { prompt_tokens: 12, completion_tokens: 62 },
    });
    const env = emulatedEnvironment('DEEPSEEK_API_KEY', own.url);
    const { stdout } = await run(join(folder, nameOf({ path: 'README.md', index: 0 })), [], {
      env,
    });
    await own.close();

    // Times are those of the run, and the price is that of the hour.
    const level = (text: string): string =>
      text.replaceAll(/\d+ ms/g, '… ms').replace(/\$[\d.]+/, '$…');
    expect(level(stdout)).toBe(level(said));
    expect(program.trim().split('\n').length).toBeLessThanOrEqual(10);
  });

  test('shows the vendors as their facts are', () => {
    expect(readme).toContain(`\n\n${vendorMatrix()}\n\n`);
  });

  test('leads to every page about the package', () => {
    const targets = linksOf(readme).map((target) => normalize(target.split('#')[0] ?? ''));
    const pages = allPages.filter((path) => path.startsWith('src'));
    expect(targets).toEqual(expect.arrayContaining(pages));
  });

  test('shows the terminal as the programs print today', async () => {
    const drawn = join(folder, 'terminal.svg');
    const { code, stderr } = await run('test/examples/terminal.ts', [drawn]);
    expect(code, stderr).toBe(0);

    const texts = async (path: string): Promise<string> =>
      (await readFile(path, 'utf8')).replaceAll(/\$[\d.]+|\d+ ms/g, '…');
    expect(await texts(drawn)).toBe(await texts(join(root, 'examples/terminal.svg')));
  });
});

describe.each(['README.md', ...allPages])('%s', async (path) => {
  const page = await readPage(path);

  test('has no paragraph of more than 700 characters', () => {
    const long = paragraphsOf(page).filter(({ length }) => length > 700);
    expect(long).toEqual([]);
  });

  test('has no link that leads nowhere', async () => {
    for (const target of linksOf(page)) {
      if (target.startsWith('https://')) continue;
      const [to = '', anchor] = target.split('#');
      const file = to === '' ? path : join(dirname(path), to);
      const found = await stat(join(root, file)).catch(() => undefined);
      expect(found, target).toBeDefined();
      if (anchor !== undefined) expect(anchorsOf(await readPage(file)), target).toContain(anchor);
    }
  });
});

describe('in the package', () => {
  const paths = Object.values(pages);

  test('are all pages about it, but the tour of its code', () => {
    const ours = allPages.filter(
      (path) => path.startsWith('src') && path !== join('src', 'README.md'),
    );
    expect(paths.map((path) => normalize(path))).toEqual(expect.arrayContaining(ours));
  });

  test.each([undefined, 'https://example.org/blob/v1'])(
    'links lead to the pages beside, or to %s',
    async (web) => {
      for (const path of paths) {
        const text = pageInPackage(await readPage(path), path, web);
        for (const target of linksOf(text)) {
          if (/^(https:|#)/.test(target)) continue;
          const [to = '', anchor] = target.split('#');
          const other = pages[to.replace(/\.md$/, '')];
          expect(other, target).toBeDefined();
          if (anchor === undefined) continue;
          expect(anchorsOf(await readPage(other ?? '')), target).toContain(anchor);
        }
      }
    },
  );

  test('words of a link that leads nowhere there stay, the end says where it led, and its picture goes', () => {
    const page =
      'See [the day](../../test/day.md#a), [values](../values/README.md#b). ![Bars](a.svg)';
    const path = 'src/tools/README.md';
    expect(pageInPackage(page, path)).toBe(
      'See the day, [values](values.md#b).\n\n---\n\nIn the sources, and not in this package: `test/day.md`.\n',
    );
    expect(pageInPackage(page, path, 'https://example.org')).toContain(
      '[the day](https://example.org/test/day.md#a)',
    );
  });
});

test('each example has a line on their page', async () => {
  const page = await readPage('examples/README.md');
  const files = await readdir(join(root, 'examples'));
  for (const name of files.filter((each) => each.endsWith('.ts'))) {
    expect(page).toContain(`| \`npx tsx examples/${name}`);
  }
});
