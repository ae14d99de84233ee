import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { faults } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ChatErrorCode } from '../../src/outcome/error-codes.ts';
import { isRetryable } from '../../src/outcome/error-codes.ts';
import { notPacked, pageInPackage, pages } from '../package/pages.ts';
import { visitorSentences } from '../../src/outcome/visitor-sentences.ts';

// The pages that are shipped in `dist/docs`. Their programs ask the built-in emulator alone, so they run in this process.

const root = fileURLToPath(new URL('../../', import.meta.url));
const errors = await readFile(join(root, 'src/outcome/README.md'), 'utf8');
const testing = await readFile(join(root, 'src/testing/README.md'), 'utf8');
const questions = await readFile(join(root, 'examples/faq.md'), 'utf8');
const moving = await readFile(join(root, 'examples/moving/README.md'), 'utf8');

const block = /```ts( prelude)?\n([\s\S]*?)```/g;
const programsOf = (text: string): string[] =>
  [...text.matchAll(block)].filter(([, isPrelude]) => !isPrelude).map(([, , code = '']) => code);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(root, '.readme-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a program prints, in a module of its own. */
async function run(name: string, program: string): Promise<string> {
  const file = join(folder, `${name}.ts`);
  await writeFile(file, program);
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
    printed.push(
      values
        .map((value) => (typeof value === 'string' ? value : String(JSON.stringify(value))))
        .join(' '),
    );
  });
  try {
    await import(/* @vite-ignore */ pathToFileURL(file).href);
  } finally {
    log.mockRestore();
  }
  return printed.join('\n');
}

const preludeOf = (text: string): string => /```ts prelude\n([\s\S]*?)```/.exec(text)?.[1] ?? '';

/** The sections of a page, by their headings. */
const sectionsOf = (text: string): Map<string, string> =>
  new Map(
    text
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.slice(0, section.indexOf('\n')), section]),
  );

describe('the page about errors', () => {
  const codes = Object.keys(visitorSentences);
  const sections = sectionsOf(errors);
  const prelude = preludeOf(errors);

  test('has a section for each code, and no other; and a line of the table', () => {
    expect([...sections.keys()].toSorted()).toEqual(codes.toSorted());
    for (const code of codes) expect(errors).toContain(`| [\`${code}\`](#${code}) |`);
  });

  test('says of each code whether it may be tried again, as the code itself is judged', () => {
    const rows = [...errors.matchAll(/^\| \[`(\w+)`\]\(#.*\) \| (yes|no) \|$/gm)];
    const said = rows.map(([, code, word]) => [code, word]);

    expect(said).toHaveLength(codes.length - 2);
    expect(said).toEqual(
      said.map(([code]) => [code, isRetryable(code as ChatErrorCode) ? 'yes' : 'no']),
    );
  });

  test('its first program runs', async () => {
    const [first = ''] = programsOf(errors);

    expect(await run('first', prelude + first)).not.toBe('');
  });

  test.each(codes)('says of %s its cause, its cure, and an example that makes it', async (code) => {
    const section = sections.get(code) ?? '';
    expect(section).toMatch(/\*\*Cause\.\*\* [A-Z]/);
    expect(section).toMatch(/\*\*Cure\.\*\* [A-Z]/);
    const programs = programsOf(section);
    expect(programs).toHaveLength(1);

    const printed = await run(code, prelude + programs[0]);
    expect(printed.split(/\s/)[0]).toBe(code);
    // What it is said to print, where that is said.
    const said = /\/\/ (\w.*)\n/.exec(section)?.[1];
    if (said !== undefined) expect(printed.split('\n')[0]).toBe(said);
  });
});

describe('the page about testing', () => {
  test('names each fault once, with a sentence', () => {
    const listed = [...testing.matchAll(/^\| `(\w+)\(.*?\)` +\| [A-Z].*\. +\|$/gm)].map(
      ([, name]) => name,
    );

    expect(listed.toSorted()).toEqual(Object.keys(faults).toSorted());
  });

  test.each(programsOf(testing).map((program, index) => [index, program] as const))(
    'program %i runs as it stands, and prints what it says',
    async (index, program) => {
      const printed = await run(`testing-${index}`, program);
      expect(printed).not.toBe('');
      const said = /console\.log\(.*\); \/\/ (.*)\n/.exec(program)?.[1];
      for (const part of said?.split(' … ') ?? []) expect(printed).toContain(part);
    },
  );
});

describe('the page about what goes wrong', () => {
  const sections = [...sectionsOf(questions)];

  test.each(sections)(
    'says of %s its cause and the answer, and shows it',
    async (name, section) => {
      expect(section).toMatch(/\*\*Cause\.\*\* [A-Z`]/);
      expect(section).toMatch(/\*\*Answer\.\*\* [A-Z`]/);
      const [program = '', ...more] = programsOf(section);
      expect(more).toEqual([]);

      const printed = await run(name.replaceAll(' ', '-'), preludeOf(questions) + program);
      expect(printed).not.toBe('');
      for (const [, said = ''] of section.matchAll(/console\.log\(.*; \/\/ (.*)\n/g)) {
        for (const part of said.split(' … ')) expect(printed).toContain(part);
      }
    },
  );

  test('finds each section by what is seen', () => {
    const linked = [...questions.matchAll(/^\| .* \| \[([^\]]*)\]\(#.*\) \|$/gm)];

    expect(new Set(linked.map(([, name]) => name))).toEqual(
      new Set(sections.map(([name]) => name)),
    );
  });
});

describe.each([
  ['is not known', undefined],
  ['is known', 'https://example.com/blob/v1'],
])('where the address of the sources %s', (_what, web) => {
  test.each(Object.entries(pages))(
    'the page %s in the package says which of the files that it names are not there',
    async (_name, path) => {
      const page = pageInPackage(await readFile(join(root, path), 'utf8'), path, web);
      const [text = '', note = ''] = page.split(notPacked);
      const unlinked = text.replaceAll(/\[[^\]]*\]\(https:[^)]*\)/g, '');
      for (const [file] of unlinked.matchAll(/\b(?:examples|test)\/[\w./-]*\w/g)) {
        expect([`\`${file}\``, `\`${file}/\``].some((each) => note.includes(each))).toBe(true);
      }
      for (const [, address] of note.matchAll(/\]\(([^)]*)\)/g)) expect(address).toContain(web);
      expect(note.includes('](')).toBe(web !== undefined && note !== '');
    },
  );
});

test('no paragraph of a page is longer than 700 characters, and no link leads nowhere', () => {
  for (const text of [errors, testing, questions, moving]) {
    const places = [...text.matchAll(/^##+ (.*)$/gm)].map(([, heading = '']) =>
      heading.toLowerCase().replaceAll(' ', '-'),
    );
    for (const paragraph of text.replaceAll(block, '').split(/\n\n|\n(?=\|)/)) {
      expect(paragraph.length).toBeLessThanOrEqual(700);
    }
    for (const [, target = ''] of text.matchAll(/\]\(([^)]*)\)/g)) {
      expect(target.startsWith('#')).toBe(true);
      expect(places).toContain(target.slice(1));
    }
  }
});
