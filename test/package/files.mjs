import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { transform } from 'esbuild';

// What the bundles and declarations import, read from the installed files.

const entries = [
  'index',
  'ai-sdk',
  'core',
  'providers/deepseek',
  'providers/vtrix',
  'reader',
  'gateway',
  'otel',
  'redis',
  'testing/index',
  'testing/msw',
];

const undici = ['#undici-agent'];

/** Packages that an entry's code and declarations may name. `later` is what it may load at its first use. */
const allowed = {
  index: { code: [], later: undici, types: [] },
  'ai-sdk': { code: [], later: undici, types: [] },
  // In CommonJS these are the main entry's.
  core: { code: [], later: [], cjs: undici, types: [] },
  'providers/deepseek': { code: [], later: [], cjs: undici, types: [] },
  'providers/vtrix': { code: [], later: [], cjs: undici, types: [] },
  reader: { code: [], later: [], types: [] },
  gateway: { code: [], later: undici, types: [] },
  otel: { code: ['@opentelemetry/api'], later: undici, types: [] },
  redis: { code: [], later: undici, types: [] },
  'testing/index': { code: [], later: ['node:http', ...undici], types: [] },
  // In CommonJS one file holds all of `testing`, with what listens on a port.
  'testing/msw': { code: ['msw'], later: undici, cjs: ['node:http'], types: ['msw'] },
};

const staticImport =
  /(?:^|[\n;])\s*(?:import|export)\b[^;'"(]*?['"]([^'"]+)['"]|\brequire\(['"]([^'"]+)['"]\)/g;
const dynamicImport = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** A file and every file that it reaches by a relative import. */
async function closure(folder, start) {
  const found = new Map();
  const visit = async (path) => {
    if (found.has(path)) return;
    const text = await readFile(join(folder, path), 'utf8');
    const names = [...text.matchAll(staticImport)].map(([, first, second]) => first ?? second);
    const later = [...text.matchAll(dynamicImport)].map(([, name]) => name);
    found.set(path, { text, names, later });
    for (const name of names.filter((each) => each.startsWith('.'))) {
      const declared = /\.d\.c?ts$/.test(path) ? name.replace(/\.(c?)js$/, '.d.$1ts') : name;
      await visit(join(path, '..', declared));
    }
  };
  await visit(start);
  return [...found.values()];
}

function packagesOf(files, kind) {
  const names = files.flatMap((file) => file[kind]).filter((name) => !name.startsWith('.'));
  return [...new Set(names)];
}

function expectOnly(found, permitted, what) {
  const wrong = found.filter((name) => !permitted.includes(name));
  if (wrong.length > 0) throw new Error(`${what} names ${wrong.join(', ')}`);
}

/** Checks what is in the package, with `check(name, attempt)` for each of the findings. */
export async function checkFiles(packageFolder, check) {
  const dist = join(packageFolder, 'dist');
  for (const entry of entries) {
    const { code, later, types, cjs = [] } = allowed[entry];
    for (const extension of ['js', 'cjs']) {
      await check(`${entry}.${extension} imports what it should`, async () => {
        const files = await closure(dist, `${entry}.${extension}`);
        // In CommonJS `import()` is a `require`, which Jest and bundlers know.
        const atOnce = extension === 'cjs' ? [...code, ...later, ...cjs] : code;
        expectOnly(packagesOf(files, 'names'), atOnce, 'the code');
        expectOnly(packagesOf(files, 'later'), extension === 'cjs' ? [] : later, 'import()');
        if (entry === 'index' && files.length > (extension === 'cjs' ? 1 : 5)) {
          throw new Error(`${files.length} files to find`);
        }
        const text = files.map((file) => file.text).join('');
        return `${packagesOf(files, 'names').join(', ') || 'nothing'}; ${text.length} bytes, ${gzipSync(text, { level: 9 }).length} gzipped`;
      });
    }
    for (const extension of ['d.ts', 'd.cts']) {
      await check(`${entry}.${extension} names no types but its own`, async () => {
        const files = await closure(dist, `${entry}.${extension}`);
        expectOnly(packagesOf(files, 'names'), types, 'the declarations');
        expectOnly(packagesOf(files, 'later'), types, 'import() in the declarations');
        const references = files.flatMap(
          ({ text }) => text.match(/<reference (types|path)=.*/g) ?? [],
        );
        if (references.length > 0) throw new Error(references.join(', '));
        if (
          files.some(({ text }) => /\b(NodeJS|Buffer)\b|\bany\b(?=[;,)>\]|])/.test(strip(text)))
        ) {
          throw new Error('the declarations name a type of Node, or the type that fits everything');
        }
      });
    }
  }
  await check('cli.js is a program, and stands on the package and Node alone', async () => {
    const files = await closure(dist, 'cli.js');
    if (!files[0].text.startsWith('#!/usr/bin/env node\n')) throw new Error('has no first line');
    const names = [...packagesOf(files, 'names'), ...packagesOf(files, 'later')];
    expectOnly(
      names.filter((name) => !name.startsWith('node:')),
      undici,
      'the code',
    );
  });
  await check(
    '#undici-agent is undici on Node, and nothing in bundles for anything else',
    async () => {
      for (const extension of ['js', 'cjs']) {
        const [agent] = await closure(dist, `agent-class.${extension}`);
        expectOnly(agent.names, ['undici/lib/dispatcher/agent.js'], 'the code');
        const [stub] = await closure(dist, `no-agent-class.${extension}`);
        expectOnly([...stub.names, ...stub.later], [], 'the stub');
      }
    },
  );
  await check('./reader is small enough for a page', async () => {
    const text = await readFile(join(dist, 'reader.js'), 'utf8');
    const { code } = await transform(text, { minify: true, format: 'esm' });
    const bytes = gzipSync(code, { level: 9 }).length;
    if (bytes > 3 * 1024) throw new Error(`${bytes} bytes, minified and gzipped`);
    return `${bytes} bytes, minified and gzipped`;
  });
  await check('Node sees the names that the CommonJS files export', async () => {
    for (const entry of entries) {
      const text = await readFile(join(dist, `${entry}.cjs`), 'utf8');
      if (!/0&&\(module\.exports=|^exports\.\w+ = /m.test(text))
        throw new Error(`${entry}.cjs keeps them to itself`);
    }
  });
  await check('no line is long enough to hide the message of an error', async () => {
    for (const name of await readdir(dist, { recursive: true })) {
      if (!/\.c?js$/.test(name)) continue;
      const text = await readFile(join(dist, name), 'utf8');
      const longest = Math.max(...text.split('\n').map((line) => line.length));
      if (longest > 1_500) throw new Error(`${name} has a line of ${longest} characters`);
    }
  });
  await check('editors show of each fault what it does', async () => {
    // The declarations of the ES modules are those of CommonJS.
    const lines = (await readFile(join(dist, 'testing/index.d.cts'), 'utf8')).split('\n');
    const faults = [...lines.keys()].filter((at) => /^ {4}\w+: \(.*/.test(lines[at]));
    const silent = faults.filter((at) => !lines[at - 1].trim().endsWith('*/'));
    if (faults.length < 40) throw new Error(`${faults.length} faults are declared`);
    if (silent.length > 0) throw new Error(`no comment before ${lines[silent[0]].trim()}`);
  });
  await check('the licences of what is bundled are in the package', async () => {
    for (const name of ['zod.LICENSE', 'eventsource-parser.LICENSE']) {
      const licence = await readFile(join(dist, name), 'utf8');
      if (!licence.includes('MIT License')) throw new Error(`dist/${name} is not a licence`);
    }
  });
  await check('links between the pages in the package lead somewhere', async () => {
    const names = await readdir(join(dist, 'docs'));
    for (const name of names) {
      const page = await readFile(join(dist, 'docs', name), 'utf8');
      for (const [, target] of page.matchAll(/\]\(([^)\s]+)\)/g)) {
        const to = target.split('#')[0];
        const isElsewhere = to === '' || to.startsWith('https:');
        if (!isElsewhere && !names.includes(to)) throw new Error(`${name} links to ${target}`);
      }
    }
    return names.join(', ');
  });
  await check('the package holds nothing but dist and its own papers', async () => {
    const names = await readdir(packageFolder);
    expectOnly(names, ['LICENSE', 'README.md', 'dist', 'package.json'], 'the package');
    const inDist = await readdir(dist, { recursive: true });
    for (const name of inDist) {
      const isFolder = (await stat(join(dist, name))).isDirectory();
      const isOurs = /\.(c?js|d\.c?ts)$|^[a-z-]+\.LICENSE$|^docs[\\/][a-z-]+\.md$/.test(name);
      if (!isFolder && !isOurs) throw new Error(name);
    }
  });
}

/** Declarations without their comments and texts. */
function strip(text) {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'/g, '');
}
