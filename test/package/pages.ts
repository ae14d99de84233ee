import { posix } from 'node:path';

// The pages that are in the package, for people and agents who read `node_modules`: their names under `dist/docs`, and where
// they are here.

export const pages: Readonly<Record<string, string>> = {
  entries: 'src/entries/README.md',
  errors: 'src/outcome/README.md',
  failover: 'src/failover/README.md',
  faq: 'examples/faq.md',
  moving: 'examples/moving/README.md',
  options: 'src/options/README.md',
  requests: 'src/request/README.md',
  streams: 'src/stream/README.md',
  testing: 'src/testing/README.md',
  tools: 'src/tools/README.md',
  transports: 'src/transport/README.md',
  values: 'src/values/README.md',
  vendors: 'src/providers/README.md',
};

/**
 * A page as it is in the package. Links to other pages go to those beside it, all others to where this comes from; if that
 * is not known, their words stay. Its end says which files it names that are not in the package.
 */
export function pageInPackage(text: string, from: string, web?: string): string {
  const elsewhere = new Set<string>();
  const page = text.replaceAll(
    /(!?)\[([^\]]*)\]\(([^)\s]+)\)/g,
    (link: string, picture: string, words: string, target: string) => {
      if (/^(https:|#)/.test(target)) return link;
      const [to = '', anchor] = target.split('#');
      const path = posix.join(posix.dirname(from), to);
      const name = Object.keys(pages).find((each) => pages[each] === path);
      const end = anchor === undefined ? '' : `#${anchor}`;
      if (name !== undefined) return `[${words}](${name}.md${end})`;
      if (web !== undefined && picture === '') return `[${words}](${web}/${path}${end})`;
      if (picture !== '') return '';
      elsewhere.add(path);
      return words;
    },
  );
  for (const [, path = ''] of page.matchAll(/`((?:examples|test)\/[^`\s]*)`/g)) elsewhere.add(path);
  if (elsewhere.size === 0) return page;
  const names = [...elsewhere].map((path) =>
    web === undefined ? `\`${path}\`` : `[\`${path}\`](${web}/${path})`,
  );
  return `${page.trimEnd()}\n\n${notPacked}${names.join(', ')}.\n`;
}

/** Before the files that a page names and the package does not hold. */
export const notPacked = '---\n\nIn the sources, and not in this package: ';
