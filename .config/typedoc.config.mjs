// `npm run docs`: the reference of everything that can be imported, from its comments, into `.docs/`.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { providers } from '../src/providers/registry.ts';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const read = (path) => JSON.parse(readFileSync(at(path), 'utf8'));
const { name, exports } = read('package.json');
const { paths } = read('tsconfig.json').compilerOptions;

/** What package.json lets people import, and the files in `src` that tsconfig.json names for it. */
const entries = Object.keys(exports)
  .filter((entry) => entry !== './package.json')
  .flatMap((entry) => {
    const imported = entry.replace('.', name);
    const [source] = paths[imported];
    if (!entry.endsWith('*')) return [[imported, source]];
    return Object.keys(providers).map((id) => [imported, source].map((it) => it.replace('*', id)));
  });

/** Modules are called as they are imported, not as their files are. */
function nameModules(app) {
  const names = new Map(
    entries.map(([imported, source]) => [
      source.replace(/^\.\/src\/|(\/index)?\.ts$/g, ''),
      imported,
    ]),
  );
  app.converter.on('resolveBegin', ({ project }) => {
    for (const module of project.children ?? []) {
      module.name = names.get(module.name) ?? module.name;
    }
  });
}

export default {
  name,
  entryPoints: entries.map(([, source]) => at(source)),
  tsconfig: at('tsconfig.json'),
  out: at('.docs'),
  plugin: [nameModules],
  readme: 'none',
  includeVersion: true,
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  // Types that only help to write others are nobody's to import; whether all others are documented, a test says.
  validation: { invalidLink: true, notExported: false, notDocumented: false },
  treatWarningsAsErrors: true,
};
