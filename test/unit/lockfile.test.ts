import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface LockedPackage {
  version?: string | undefined;
  resolved?: string | undefined;
  optionalDependencies?: Record<string, string> | undefined;
}

const { packages } = JSON.parse(
  readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
) as { packages: Record<string, LockedPackage> };

// `npm ci` refuses a lockfile without them, also on the machines that need none of them. npm leaves them out where its
// registry does not have them (npm/cli#9342).
test('the lockfile holds the packages for every platform', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => {
      const places = [`${path}/node_modules/${name}`, `node_modules/${name}`];
      return places.every((place) => packages[place]?.version === undefined);
    }),
  );

  expect(missing).toEqual([]);
});

test('the lockfile names no registry, so that each machine uses its own', () => {
  const named = Object.values(packages).filter(({ resolved }) => resolved !== undefined);

  expect(named).toEqual([]);
});
