import { readFile } from 'node:fs/promises';

// Pages as GitHub shows them.

const block = /```(\w*)[^\n]*\n([\s\S]*?)```/g;

/** A page by its path from the root. */
export const readPage = (path: string): Promise<string> =>
  readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Its blocks of code in a language. */
export const blocksOf = (page: string, language: string): string[] =>
  [...page.matchAll(block)].flatMap(([, name, code = '']) => (name === language ? [code] : []));

/** Paragraphs, items of lists, and rows of tables. */
export const paragraphsOf = (page: string): string[] =>
  page.replaceAll(block, '').split(/\n\n|\n(?=\||- |\d+\. )/);

/** Targets of links and pictures. */
export const linksOf = (page: string): string[] =>
  [...page.replaceAll(block, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);

/** The anchors of its headings. */
export const anchorsOf = (page: string): string[] =>
  [...page.replaceAll(block, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** What stands as code in the first cells of its tables, e.g. names of options. */
export const firstCellsOf = (page: string): string[] =>
  [...page.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
