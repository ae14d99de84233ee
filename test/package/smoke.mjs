// Packs the package, installs it in an empty project, and tries it the ways users do: every supported Node, ESM and
// CJS, and TypeScript in its settings that matter. One line per check; one that fails makes the exit code 1.
//
//   node test/package/smoke.mjs          (after `npm run build`)

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkFiles } from './files.mjs';
import { consumers } from './consumers.mjs';

const nodeVersions = ['20.18.1', '22', '24', '26'];

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const scratch = await mkdtemp(join(tmpdir(), 'deepseek-v4-flash-'));
const project = join(scratch, 'project');
const installed = join(project, 'node_modules', 'deepseek-v4-flash');
const run = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx';
let failures = 0;

/** Does one check and prints its line: the name, and what it returns or why it failed. */
async function check(name, attempt) {
  try {
    const detail = await attempt();
    console.log(`ok    ${name}${detail ? `: ${detail}` : ''}`);
    return true;
  } catch (error) {
    failures += 1;
    const output = [error.stdout, error.stderr].filter(Boolean).join('\n').trim();
    console.log(`FAIL  ${name}\n${(output || error.message).replace(/^/gm, '      ')}`);
    return false;
  }
}

async function pack() {
  const { stdout } = await run(
    npm,
    ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch],
    { cwd: root },
  );
  const [{ filename, size, unpackedSize, entryCount }] = Object.values(JSON.parse(stdout));
  return { file: join(scratch, filename), size, unpackedSize, entryCount };
}

async function install(tarball) {
  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{ "private": true }\n');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  await run(npm, ['install', ...quiet, tarball], { cwd: project });
  await cp(join(here, 'programs'), project, { recursive: true });
  const { packages } = JSON.parse(
    await readFile(join(project, 'node_modules', '.package-lock.json'), 'utf8'),
  );
  const names = Object.keys(packages).map((path) => path.replace('node_modules/', ''));
  const expected = ['deepseek-v4-flash', 'undici'];
  if (names.toSorted().join() !== expected.join()) throw new Error(`installed ${names.join(', ')}`);
  return names.join(', ');
}

/** The programs, each in one process of that version. */
async function tryNode(version) {
  const print = 'process.version + " " + process.execPath';
  const npxOptions = ['--yes', '--prefer-offline', '--package', `node@${version}`];
  let node;
  await check(`node@${version} starts`, async () => {
    const { stdout } = await run(npx, [...npxOptions, '--', 'node', '-p', print], { cwd: scratch });
    const [actual, ...path] = stdout.trim().split(' ');
    node = path.join(' ');
    if (!`${actual}.`.startsWith(`v${version}.`)) throw new Error(`got ${actual}`);
    return actual;
  });
  if (node === undefined) return;
  for (const program of ['esm.mjs', 'cjs.cjs']) {
    await check(`Node ${version} runs ${program}`, async () => {
      const { stdout, stderr } = await run(node, [program], { cwd: project, timeout: 60_000 });
      if (stderr !== '') throw new Error(stderr);
      return stdout.trim();
    });
  }
}

/** One TypeScript project, compiled by the compiler of this repository. */
async function tryConsumer({ name, extension, sources, compilerOptions, withTypes = [] }) {
  const folder = join(project, 'types', name.replaceAll(/[^a-z0-9]+/gi, '-'));
  await mkdir(folder, { recursive: true });
  const files = sources.map((source) => source.replace(/\.ts$/, extension));
  for (const [index, source] of sources.entries()) {
    await cp(join(here, 'types', source), join(folder, files[index]));
  }
  // `.ts` is ESM here; the other two say what they are by their names.
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files }, null, 2),
  );
  for (const packageName of withTypes) {
    const link = join(folder, 'node_modules', packageName);
    await mkdir(join(link, '..'), { recursive: true });
    await symlink(join(root, 'node_modules', packageName), link, 'junction');
  }
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await check(`TypeScript: ${name}`, async () => {
    await run(process.execPath, [compiler, '-p', folder], { cwd: folder });
  });
}

/** The command as npm has installed it. */
function runCommand(args) {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const file = join(project, 'node_modules', '.bin', 'deepseek-v4-flash');
  const isScript = process.platform === 'win32';
  return run(isScript ? `${file}.cmd` : file, args, { cwd: project, env, shell: isScript });
}

/** The fastest of ten starts: of the others, something else on the machine takes a part. */
async function timeCommands() {
  const told = [];
  for (const command of ['chat', 'doctor', 'emulator', 'gateway']) {
    let fastest = Infinity;
    for (let count = 0; count < 10; count++) {
      const startedAt = performance.now();
      await runCommand([command, '--help']);
      fastest = Math.min(fastest, performance.now() - startedAt);
    }
    if (fastest >= 300) throw new Error(`${command} takes ${Math.round(fastest)} ms`);
    told.push(`${command} ${Math.round(fastest)} ms`);
  }
  return told.join(', ');
}

/** Runs tasks side by side, `width` at a time. */
async function inParallel(tasks, width = 3) {
  const queue = [...tasks];
  const worker = async () => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) await task();
  };
  await Promise.all(Array.from({ length: width }, worker));
}

try {
  let tarball;
  const isInstalled =
    (await check('npm pack', async () => {
      tarball = await pack();
      const { size, unpackedSize, entryCount } = tarball;
      // A tenth of it is pages.
      if (unpackedSize > 1.5 * 1024 * 1024) throw new Error(`${unpackedSize} bytes unpacked`);
      return `${entryCount} files, ${size} bytes packed, ${unpackedSize} unpacked`;
    })) && (await check('installs in an empty project', () => install(tarball.file)));
  if (isInstalled) {
    await checkFiles(installed, check);
    await check('the command answers a question', async () => {
      const { stdout } = await runCommand(['chat', '--emulator', 'Hello?']);
      if (!stdout.includes('You said: "Hello?"')) throw new Error(stdout);
    });
    await check('each of the commands starts in under 300 ms', timeCommands);
    await inParallel([
      ...nodeVersions.map((version) => () => tryNode(version)),
      ...consumers.map((consumer) => () => tryConsumer(consumer)),
    ]);
    // Last, since msw is put beside the package for it.
    await check('./testing/msw serves fetch where msw is installed', async () => {
      await symlink(
        join(root, 'node_modules', 'msw'),
        join(project, 'node_modules', 'msw'),
        'junction',
      );
      const { stdout } = await run(process.execPath, ['with-msw.mjs'], { cwd: project });
      return stdout.trim();
    });
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}

console.log(failures === 0 ? 'The package is sound.' : `${failures} of the checks failed.`);
process.exitCode = failures === 0 ? 0 : 1;
