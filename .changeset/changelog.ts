// npm run changelog      folds the changesets of this folder into .github/CHANGELOG.md, as the next version
//
// The files have the form of @changesets/cli, which itself wants Node 22 and writes the changelog to the top level.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export const kinds = ['major', 'minor', 'patch'] as const;
export type Kind = (typeof kinds)[number];

export interface Change {
  kind: Kind;
  text: string;
}

/** Reads `"package": kind` between its rules, and the text after it. */
export function readChange(file: string, content: string): Change {
  const [, kind, text = ''] =
    /^---\n['"]?deepseek-v4-flash['"]?: (major|minor|patch)\n---\n([\s\S]*)$/.exec(content) ?? [];
  if (kind === undefined || text.trim() === '') {
    throw new Error(`${file}: write what .changeset/README.md shows`);
  }
  return { kind: kind as Kind, text: text.trim() };
}

/** The next version. Before 1.0, what breaks something raises the middle number, and all else the last. */
export function nextVersion(version: string, changes: readonly Change[]): string {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const found = kinds.find((kind) => changes.some((change) => change.kind === kind)) ?? 'patch';
  const level = kinds.indexOf(found) + (major === 0 ? 1 : 0);
  if (level === 0) return `${major + 1}.0.0`;
  return level === 1 ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

const headings: Record<Kind, string> = {
  major: 'What breaks',
  minor: 'What is new',
  patch: 'What was mended',
};

/** The changelog with a section more, above all others. */
export function withRelease(
  changelog: string,
  { version, date, changes }: { version: string; date: string; changes: readonly Change[] },
): string {
  const parts = kinds.flatMap((kind) => {
    const of = changes.filter((change) => change.kind === kind);
    if (of.length === 0) return [];
    const items = of.map(({ text }) => `- ${text.replaceAll('\n', '\n  ')}`);
    return [`### ${headings[kind]}`, items.join('\n')];
  });
  const section = [`## ${version} (${date})`, ...parts].join('\n\n');
  const [head = '', ...older] = changelog.trimEnd().split(/\n(?=## )/);
  return `${[head.trimEnd(), section, ...older.map((each) => each.trimEnd())].join('\n\n')}\n`;
}

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

async function release(): Promise<void> {
  const files = (await readdir(at('.'))).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  );
  if (files.length === 0) throw new Error('No changesets: nothing to release');
  const changes = await Promise.all(
    files.toSorted().map(async (name) => readChange(name, await readFile(at(name), 'utf8'))),
  );
  const changelog = await readFile(at('../.github/CHANGELOG.md'), 'utf8');
  const manifest = await readFile(at('../package.json'), 'utf8');
  const { version: current } = JSON.parse(manifest) as { version: string };
  // A version that the changelog does not know is the one to be released: the first.
  const isNew = !changelog.includes(`\n## ${current} `);
  const version = isNew ? current : nextVersion(current, changes);

  const date = new Date().toISOString().slice(0, 10);
  await writeFile(
    at('../.github/CHANGELOG.md'),
    withRelease(changelog, { version, date, changes }),
  );
  for (const name of files) await rm(at(name));
  console.log(`.github/CHANGELOG.md has ${version}, with ${changes.length} changes.`);
  if (!isNew) {
    console.log(`Now: npm version ${version} --no-git-tag-version, and src/internal/version.ts.`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await release();
