import { copyFile, rm } from 'node:fs/promises';
import type { Options } from 'tsup';
import { defineConfig } from 'tsup';

const entries = {
  index: 'src/index.ts',
  'testing/index': 'src/testing/index.ts',
  'testing/msw': 'src/testing/msw.ts',
};

const common: Options = {
  format: ['esm', 'cjs'],
  target: 'node20',
  // No Node built-in is imported by the main entry, so bundlers for workers take it as it is.
  platform: 'neutral',
  // `node:` says that a built-in is meant, also to bundlers and to Deno.
  removeNodeProtocol: false,
  // These go into the bundle. As packages of many files, or of one, they take longer to find than to run: zod 47 ms
  // against 3, the parser 4 against less than one.
  noExternal: [/^zod/, 'eventsource-parser'],
  external: [/^undici/, 'msw', /^node:/],
  treeshake: true,
  minify: false,
  sourcemap: false,
};

/** Less to read at every start; names stay, so that stack traces can be read as well. */
const withoutSpace = (options: { minifyWhitespace?: boolean; minifySyntax?: boolean }): void => {
  options.minifyWhitespace = true;
  options.minifySyntax = true;
};

/** One class of errors, and one list of vendors: `./testing` takes them from the main entry that stands beside it. */
const fromMainEntry = (path: string): NonNullable<Options['esbuildPlugins']>[number] => ({
  name: 'main-entry',
  setup(build) {
    const filter = /\/(errors|registry)\.ts$/;
    build.onResolve({ filter }, () => ({ path, external: true }));
  },
});

const testing = (format: 'esm' | 'cjs', mainEntry: string): Options => ({
  ...common,
  format,
  entry: { 'testing/index': entries['testing/index'], 'testing/msw': entries['testing/msw'] },
  splitting: true,
  esbuildOptions(options) {
    withoutSpace(options);
    // What they share goes beside them, so that there is one way from all of them to the main entry.
    options.chunkNames = 'testing/[name]-[hash]';
  },
  esbuildPlugins: [fromMainEntry(mainEntry)],
});

export default defineConfig(async () => {
  await rm('dist', { recursive: true, force: true });
  return [
    // One file, and not one with what it shares with `./testing`: each more is a millisecond at the start.
    {
      ...common,
      entry: { index: entries.index },
      splitting: false,
      esbuildOptions: withoutSpace,
      async onSuccess() {
        for (const name of ['zod', 'eventsource-parser']) {
          await copyFile(`node_modules/${name}/LICENSE`, `dist/${name}.LICENSE`);
        }
      },
    },
    testing('esm', '../index.js'),
    testing('cjs', '../index.cjs'),
    {
      entry: entries,
      format: ['esm', 'cjs'],
      dts: {
        only: true,
        // The public types name `AsyncDisposable` and nothing else beyond ES2022.
        banner: '/// <reference lib="esnext.disposable" />',
      },
    },
  ];
});
