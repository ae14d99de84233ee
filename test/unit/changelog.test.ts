import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Change, Kind } from '../../.changeset/changelog.ts';
import { nextVersion, readChange, withRelease } from '../../.changeset/changelog.ts';

const folder = new URL('../../.changeset/', import.meta.url);
const changes = (...kinds: Kind[]): Change[] =>
  kinds.map((kind) => ({ kind, text: `A ${kind} change.` }));

describe('a changeset', () => {
  test('that is waiting can be read', async () => {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.md'));
    for (const name of names.filter((each) => each !== 'README.md')) {
      const text = await readFile(new URL(name, folder), 'utf8');
      expect(readChange(name, text).text).toMatch(/\.$/);
    }
  });

  test('as its page shows it can be read', async () => {
    const page = await readFile(new URL('README.md', folder), 'utf8');
    const [, shown = ''] = /```md\n([\s\S]*?)```/.exec(page) ?? [];

    expect(readChange('shown.md', shown)).toEqual({
      kind: 'minor',
      text: '`client.balance()` knows the balance at Example too.',
    });
  });

  test.each([
    '',
    'Text alone.',
    '---\n"another": minor\n---\n\nText.',
    '---\n"deepseek-v4-flash": minor\n---\n\n',
  ])('of another form is named: %j', (text) => {
    expect(() => readChange('mine.md', text)).toThrow('mine.md');
  });
});

describe('the next version', () => {
  test.each([
    ['0.1.0', ['patch', 'minor'], '0.1.1'],
    ['0.1.3', ['minor', 'major'], '0.2.0'],
    ['1.2.3', ['patch'], '1.2.4'],
    ['1.2.3', ['patch', 'minor'], '1.3.0'],
    ['1.2.3', ['minor', 'major'], '2.0.0'],
  ] as [string, Kind[], string][])('of %s with %j is %s', (version, kinds, next) => {
    expect(nextVersion(version, changes(...kinds))).toBe(next);
  });
});

test('a release stands above those before it, what breaks first', () => {
  const first = withRelease('# Changes\n\nOf this package.\n', {
    version: '1.0.0',
    date: '2026-11-30',
    changes: [{ kind: 'minor', text: 'Two\nlines.' }],
  });
  const second = withRelease(first, {
    version: '2.0.0',
    date: '2026-12-01',
    changes: changes('patch', 'major'),
  });

  expect(second).toBe(`# Changes

Of this package.

## 2.0.0 (2026-12-01)

### What breaks

- A major change.

### What was mended

- A patch change.

## 1.0.0 (2026-11-30)

### What is new

- Two
  lines.
`);
});
