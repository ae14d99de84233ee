import { posix } from 'node:path';

// The pages that are in the package, for people and agents who read `node_modules`: their names under `dist/docs`, and the
// folders that they are of.

export const pages: Readonly<Record<string, string>> = {
  entries: 'src/entries',
  errors: 'src/outcome',
  failover: 'src/failover',
  options: 'src/options',
  requests: 'src/request',
  streams: 'src/stream',
  testing: 'src/testing',
  tools: 'src/tools',
  transports: 'src/transport',
  values: 'src/values',
  vendors: 'src/providers',
};

/**
 * A page as it is in the package. Links to other pages go to those beside it, all others to where this comes from; if that
 * is not known, their words stay.
 */
export function pageInPackage(text: string, folder: string, web?: string): string {
  return text.replaceAll(
    /(!?)\[([^\]]*)\]\(([^)\s]+)\)/g,
    (link: string, picture: string, words: string, target: string) => {
      if (/^(https:|#)/.test(target)) return link;
      const [to = '', anchor] = target.split('#');
      const path = posix.join(folder, to);
      const page = Object.keys(pages).find((name) => `${pages[name]}/README.md` === path);
      const end = anchor === undefined ? '' : `#${anchor}`;
      if (page !== undefined) return `[${words}](${page}.md${end})`;
      if (web !== undefined && picture === '') return `[${words}](${web}/${path}${end})`;
      return picture === '' ? words : '';
    },
  );
}
