import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

// Programs that a package manager of the system brings, and npm does not.

/**
 * The path of a program. Without it `undefined`, and a line that says which tests are left out for it; in CI, where all of
 * them have to run, that is a failure.
 *
 * @param debian the package that has it
 */
export function programAt(name: string, debian: string): string | undefined {
  const found = programHere(name);
  if (found !== undefined) return found;
  const missing = `${name} is not installed (on Debian: apt-get install ${debian})`;
  if (process.env.CI) throw new Error(missing);
  console.warn(`Skipped: ${missing}`);
  return undefined;
}

/** The path of a program that nothing depends on; `undefined` without it. */
export function programHere(name: string): string | undefined {
  const folders = `${process.env.PATH ?? ''}${delimiter}/usr/sbin`.split(delimiter);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
