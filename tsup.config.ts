import { copyFile } from 'node:fs/promises';
import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'testing/index': 'src/testing/index.ts',
    'testing/msw': 'src/testing/msw.ts',
  },
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
  splitting: true,
  treeshake: true,
  minify: false,
  esbuildOptions(options) {
    // Less to read at every start; names stay, so that stack traces can be read as well.
    options.minifyWhitespace = true;
    options.minifySyntax = true;
  },
  sourcemap: false,
  clean: true,
  dts: {
    // The public types name `AsyncDisposable` and nothing else beyond ES2022.
    banner: '/// <reference lib="esnext.disposable" />',
  },
  async onSuccess() {
    for (const name of ['zod', 'eventsource-parser']) {
      await copyFile(`node_modules/${name}/LICENSE`, `dist/${name}.LICENSE`);
    }
  },
});
