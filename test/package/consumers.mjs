// The TypeScript projects that must compile, none of them with `skipLibCheck`. Types of zod, undici and msw are out of
// their reach, except where a project says otherwise.

const base = {
  target: 'ES2022',
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  noUncheckedIndexedAccess: true,
  // Nothing but what the project itself has.
  types: [],
};

const resolutions = [
  { name: 'node16 ESM', extension: '.mts', options: { module: 'node16' } },
  { name: 'node16 CJS', extension: '.cts', options: { module: 'node16' } },
  {
    name: 'bundler',
    extension: '.ts',
    options: { module: 'esnext', moduleResolution: 'bundler' },
  },
];

const surroundings = [
  { name: 'ES2022 alone', options: { lib: ['ES2022'] } },
  {
    name: 'with DOM',
    options: { lib: ['ES2022', 'DOM', 'DOM.Iterable'] },
    sources: ['plain.ts', 'output.ts', 'web.ts', 'entries.ts'],
  },
  {
    name: 'with Node',
    options: { lib: ['ES2023'], types: ['node'] },
    sources: ['plain.ts', 'output.ts', 'web.ts', 'entries.ts'],
    withTypes: ['@types/node'],
  },
];

export const consumers = [
  ...resolutions.flatMap((resolution) =>
    surroundings.flatMap((surrounding) =>
      [true, false].map((exact) => ({
        name: [resolution.name, surrounding.name, exact ? 'exact' : 'not exact'].join(', '),
        extension: resolution.extension,
        sources: surrounding.sources ?? ['plain.ts', 'output.ts', 'entries.ts'],
        compilerOptions: {
          ...base,
          ...resolution.options,
          ...surrounding.options,
          exactOptionalPropertyTypes: exact,
        },
        withTypes: surrounding.withTypes,
      })),
    ),
  ),
  ...resolutions.map(({ name, extension, options }) => ({
    name: `${name}, strict alone`,
    extension,
    sources: ['plain.ts', 'output.ts', 'entries.ts'],
    compilerOptions: {
      target: 'ES2022',
      lib: ['ES2022'],
      strict: true,
      noEmit: true,
      types: [],
      ...options,
    },
  })),
  {
    name: 'testing/msw where msw is installed',
    extension: '.mts',
    sources: ['with-msw.ts'],
    compilerOptions: {
      ...base,
      module: 'node16',
      lib: ['ES2023', 'DOM', 'DOM.Iterable'],
      types: ['node'],
      // msw's own declarations, which this project pulls in, are not ours to check.
      skipLibCheck: true,
    },
    withTypes: ['@types/node', 'msw'],
  },
];
