import { fileURLToPath } from 'node:url';

const isNewest = process.argv.includes('--newest');

/** Where the libraries are that ours is measured against, and where the results go. */
export const peersFolder = new URL(isNewest ? 'newest/' : './', import.meta.url);

/** What a subject's process needs to find them. */
export const peersArguments = isNewest
  ? ['--import', fileURLToPath(new URL('resolve.mjs', peersFolder))]
  : [];
