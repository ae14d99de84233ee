import { readFileSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { Options } from 'tsup';
import { defineConfig } from 'tsup';
import { transform } from 'esbuild';
import * as core from './src/core.ts';
import { pageInPackage as errorsInPackage } from './src/outcome/docs-address.ts';
import { providers } from './src/providers/registry.ts';
import { pageInPackage, pages } from './test/package/pages.ts';

const vendors = Object.keys(providers);

const entries = {
  index: 'src/index.ts',
  core: 'src/core.ts',
  'ai-sdk': 'src/entries/ai-sdk/index.ts',
  reader: 'src/gateway/reader/index.ts',
  gateway: 'src/entries/gateway/index.ts',
  otel: 'src/entries/otel/index.ts',
  redis: 'src/entries/redis/index.ts',
  'testing/index': 'src/testing/index.ts',
  'testing/msw': 'src/testing/msw.ts',
};

/** The entries that have declarations. */
const declared: Record<string, string> = {
  ...entries,
  ...Object.fromEntries(vendors.map((id) => [`providers/${id}`, `src/providers/${id}.ts`])),
};

/** What `#undici-agent` is: package.json says where. */
const agents = {
  'agent-class': 'src/transport/agent-class.ts',
  'no-agent-class': 'src/transport/no-agent-class.ts',
};

/** Where this comes from, at this version, if package.json says so. */
function addressOfSources(): string | undefined {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
  const { repository, version } = manifest;
  const url = typeof repository === 'string' ? repository : repository?.url;
  const web = url?.replace(/^git\+/, '').replace(/\.git$/, '');
  return web?.startsWith('https://') ? `${web}/blob/v${version}` : undefined;
}

const sources = addressOfSources();
const docsOfErrors = sources === undefined ? errorsInPackage : `${sources}/src/outcome/README.md`;

interface Manifest {
  version: string;
  repository?: string | { url?: string };
}

type ESBuildOptions = Parameters<NonNullable<Options['esbuildOptions']>>[0];

/** {@link brief} does the rest. */
function briefSyntax(options: ESBuildOptions): void {
  options.minifySyntax = true;
}

type TsupPlugin = NonNullable<Options['plugins']>[number];

/** What esbuild drops together with the white space, and what stands in for each meanwhile: an operator, a legal comment. */
const marks = [
  ['/* @__PURE__ */', '~~~~', '/*@__PURE__*/'],
  ['// @__NO_SIDE_EFFECTS__\n', '/*! no side effects */', '/*@__NO_SIDE_EFFECTS__*/'],
] as const;

/** What a file takes from others, before each part of it, and what it gives, at its end. */
const takes = /^import (?:\* as \w+|\w+|\{[^}]*\}) from "[^"\n]+";$/gm;
const gives = /(?:export \{[^}]*\}|0 && \(module\.exports = \{[^}]*\}\));\s*$/;

/**
 * Less to read at every start, and to install. The names of functions, classes and public methods stay, since a stack trace has
 * them; those inside a function become short. Lines are short too: Node prints the line that threw, and one of all the code
 * would push the message out of the terminal. For bundlers, the marks of what may be left out stay.
 */
const brief: TsupPlugin = {
  name: 'brief',
  async renderChunk(code) {
    if (marks.some(([, standIn]) => code.includes(standIn)))
      throw new Error('A mark has no stand-in that is nowhere in the code');
    const marked = marks.reduce((text, [mark, standIn]) => text.replaceAll(mark, standIn), code);
    const head = marked.match(takes)?.join('\n') ?? '';
    const [bang = ''] = /^#!.*\n/.exec(marked) ?? [];
    const [tail = ''] = gives.exec(marked) ?? [];
    const body = marked.slice(bang.length, marked.length - tail.length).replaceAll(takes, '');
    const parts = await Promise.all([
      withoutSpace(head),
      // Without what it takes and gives, it is no module, and the names at its top are not its own.
      withoutSpace(body, true),
      // esbuild would refuse the one, and drop the other, which is there for Node's eyes alone.
      tail.replaceAll(/\s*([{},&=])\s*/g, '$1').replaceAll(/.{140}[^,]*,/g, '$&\n'),
    ]);
    // A short line may end inside a path, which bundlers look for as a text.
    const short = (bang + parts.join('')).replaceAll(/require\("[^")]*"\)/g, (path) =>
      path.replace('\\\n', ''),
    );
    const left = marks.reduce((text, [, standIn, mark]) => text.replaceAll(standIn, mark), short);
    for (const [mark, , after] of marks) {
      if (code.split(mark).length !== left.split(after).length) throw new Error(`Lost a ${mark}`);
    }
    return { code: left };
  },
};

async function withoutSpace(text: string, isShort = false): Promise<string> {
  const { code } = await transform(text, {
    minifyWhitespace: true,
    minifyIdentifiers: isShort,
    target: 'esnext',
    legalComments: 'inline',
    lineLimit: 160,
  });
  return code;
}

const common: Options = {
  define: { DOCS_OF_ERRORS: JSON.stringify(docsOfErrors) },
  target: 'node20',
  // No Node built-in is imported by the main entry, so bundlers for workers take it as it is.
  platform: 'neutral',
  // `node:` says that a built-in is meant, also to bundlers and to Deno.
  removeNodeProtocol: false,
  // These go into the bundle. As packages of many files, or of one, they take longer to find than to run: zod 47 ms
  // against 3, the parser 4 against less than one.
  noExternal: [/^zod/, 'eventsource-parser'],
  external: [/^undici/, '#undici-agent', 'msw', '@opentelemetry/api', /^node:/],
  minify: false,
  sourcemap: false,
  plugins: [brief],
};

/** Literal `require`s: Jest runs no `import()` in CommonJS, and bundlers do not see any other form. */
function literalRequire(options: ESBuildOptions): void {
  briefSyntax(options);
  // Then the names of the exports are written down for `import` in Node, which does not run the file to see them.
  options.platform = 'node';
  options.supported = { ...options.supported, 'dynamic-import': false };
}

/**
 * webpack and ncc put undici into the file that asks for it, and run it at the first call as before: what was to be one
 * file stays one. In `src` the comment would be dropped with the white space.
 */
const oneFile: TsupPlugin = {
  name: 'one-file',
  renderChunk: (code) => ({
    code: code.replace(
      'import("#undici-agent")',
      'import(/* webpackMode: "eager" */"#undici-agent")',
    ),
  }),
};

/** One set serves both: an ES module may take its types from a CommonJS one, but not the other way. */
async function writeDeclarations(): Promise<void> {
  await mkdir('dist/testing', { recursive: true });
  for (const name of Object.keys(declared)) {
    const code = `export * from './${name.split('/').at(-1)}.cjs';\n`;
    await writeFile(`dist/${name}.d.ts`, code);
  }
}

/** The pages, and a list of them for whoever opens the folder. */
async function writePages(): Promise<void> {
  await mkdir('dist/docs');
  const titles: string[] = [];
  for (const [name, path] of Object.entries(pages)) {
    const text = await readFile(path, 'utf8');
    await writeFile(`dist/docs/${name}.md`, pageInPackage(text, path, sources));
    titles.push(`- [${/^# (.*)$/m.exec(text)?.[1] ?? name}](${name}.md)`);
  }
  await writeFile('dist/docs/index.md', `# Pages\n\n${titles.join('\n')}\n`);
}

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** One class of errors, and one list of vendors: `./testing` takes them from the main entry that stands beside it. */
const fromMainEntry = (path: string): Plugin => asExternal(/\/(chat-error|registry)\.ts$/, path);

function asExternal(filter: RegExp, path: string): Plugin {
  return {
    name: 'external',
    setup: (build) => void build.onResolve({ filter }, () => ({ path, external: true })),
  };
}

/** A file of the build: all that `./core`, `./providers/*` and `decodeStream` share with the main entry. */
const small = 'dist/small.ts';

function smallText(): string {
  const files = ['core', ...vendors.map((id) => `providers/${id}`), 'gateway/decode-stream'];
  return files.map((file) => `export * from '../src/${file}.ts';\n`).join('');
}

/**
 * Bundlers leave out files that nobody needs, and little inside a file. What several entries share goes into files of its
 * own, so these make `index.js` a list of exports over four: the errors, the decoders, the small client, and the rest.
 */
const cuts = {
  errors: 'src/outcome/chat-error.ts',
  decode: 'src/gateway/decode-stream.ts',
  small,
  rest: './src/index.ts',
};

/** The small client and its vendors, as lists of exports over the same files. */
async function writeSmallEntries(): Promise<void> {
  await mkdir('dist/providers', { recursive: true });
  await writeFile(
    'dist/core.js',
    `export { ${Object.keys(core).join(', ')} } from './small.js';\n`,
  );
  for (const id of vendors) {
    await writeFile(`dist/providers/${id}.js`, `export { ${id} } from '../small.js';\n`);
    // CommonJS cannot share files, and who writes it does not count bytes: these are the main entry's.
    const code = `exports.${id} = require('../index.cjs').providers.${id};\n`;
    await writeFile(`dist/providers/${id}.cjs`, `'use strict';\n${code}`);
  }
}

/** A file of the build: the emulator, for both entries of `./testing` in CommonJS, which cannot share files by itself. */
const emulatorParts = 'dist/emulator.ts';

async function emulatorText(): Promise<string> {
  const files = await readdir('src/testing/emulator');
  return files.map((file) => `export * from '../src/testing/emulator/${file}';\n`).join('');
}

const testingAsModules: Options = {
  ...common,
  format: 'esm',
  entry: { 'testing/index': entries['testing/index'], 'testing/msw': entries['testing/msw'] },
  splitting: true,
  esbuildOptions(options) {
    briefSyntax(options);
    // What they share goes beside them, so that there is one way from all of them to the main entry.
    options.chunkNames = 'testing/[name]-[hash]';
  },
  esbuildPlugins: [fromMainEntry('../index.js')],
};

// Where files are split, esbuild hides a `require` in a function that Jest and bundlers do not know.
const testingAsCommonJS: Options[] = [
  {
    ...common,
    format: 'cjs',
    entry: { 'testing/emulator': emulatorParts },
    splitting: false,
    esbuildOptions: literalRequire,
    esbuildPlugins: [fromMainEntry('../index.cjs')],
    onSuccess: () => rm(emulatorParts),
  },
  {
    ...common,
    format: 'cjs',
    entry: { 'testing/index': entries['testing/index'], 'testing/msw': entries['testing/msw'] },
    splitting: false,
    esbuildOptions: literalRequire,
    esbuildPlugins: [
      asExternal(/^\.\.?\/emulator\/[\w-]+\.ts$/, './emulator.cjs'),
      fromMainEntry('../index.cjs'),
    ],
  },
];

/** An entry that stands on the main one, and takes all from it: one client, and one class of errors. */
const onMainEntry = (
  name: 'ai-sdk' | 'gateway' | 'otel' | 'redis',
  format: 'esm' | 'cjs',
): Options => ({
  ...common,
  format,
  entry: { [name]: entries[name] },
  splitting: false,
  esbuildOptions: format === 'esm' ? briefSyntax : literalRequire,
  esbuildPlugins: [
    asExternal(/^(\.\.\/)+index\.ts$/, format === 'esm' ? './index.js' : './index.cjs'),
  ],
});

/** The command: it takes the doors of the package that stand beside it. `testing` is loaded when it is used. */
const command: Options = {
  ...common,
  format: 'esm',
  entry: { cli: 'src/entries/cli/index.ts' },
  splitting: false,
  esbuildOptions: briefSyntax,
  esbuildPlugins: [
    asExternal(/^(\.\.\/)+index\.ts$/, './index.js'),
    asExternal(/\/gateway\/index\.ts$/, './gateway.js'),
    asExternal(/\/testing\/index\.ts$/, './testing/index.js'),
  ],
};

export default defineConfig(async () => {
  await rm('dist', { recursive: true, force: true });
  await mkdir('dist');
  await writeFile(small, smallText());
  await writeFile(emulatorParts, await emulatorText());
  return [
    {
      ...common,
      format: 'esm',
      entry: { index: entries.index, ...agents, ...cuts },
      splitting: true,
      esbuildOptions: briefSyntax,
      plugins: [brief, oneFile],
      async onSuccess() {
        await Promise.all(['errors', 'decode', 'rest'].map((name) => rm(`dist/${name}.js`)));
        await rm(small);
        await writeSmallEntries();
        await writeDeclarations();
        for (const name of ['zod', 'eventsource-parser']) {
          await copyFile(`node_modules/${name}/LICENSE`, `dist/${name}.LICENSE`);
        }
        await writePages();
      },
    },
    {
      ...common,
      format: 'cjs',
      entry: { index: entries.index, ...agents },
      splitting: false,
      esbuildOptions: literalRequire,
    },
    {
      ...common,
      format: 'cjs',
      entry: { core: 'src/core-commonjs.ts' },
      splitting: false,
      esbuildOptions: literalRequire,
      esbuildPlugins: [asExternal(/^\.\/index\.ts$/, './index.cjs')],
    },
    {
      ...common,
      format: 'esm',
      entry: { reader: entries.reader },
      // Pages are the only ones that read it.
      target: 'es2022',
      splitting: false,
      esbuildOptions: briefSyntax,
    },
    {
      ...common,
      format: 'cjs',
      entry: { reader: entries.reader },
      target: 'es2022',
      splitting: false,
      esbuildOptions: literalRequire,
    },
    onMainEntry('ai-sdk', 'esm'),
    onMainEntry('ai-sdk', 'cjs'),
    onMainEntry('gateway', 'esm'),
    onMainEntry('gateway', 'cjs'),
    onMainEntry('otel', 'esm'),
    onMainEntry('otel', 'cjs'),
    onMainEntry('redis', 'esm'),
    onMainEntry('redis', 'cjs'),
    command,
    testingAsModules,
    ...testingAsCommonJS,
    {
      entry: declared,
      format: 'cjs',
      dts: {
        only: true,
        // What the parts of this package share is nobody else's.
        compilerOptions: { stripInternal: true },
        // The public types name `AsyncDisposable` and nothing else beyond ES2022.
        banner: '/// <reference lib="esnext.disposable" />',
      },
    },
  ];
});
