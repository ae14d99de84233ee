import type { ChatErrorCode } from './error-codes.ts';

// Filled in when the package is built: package.json has the address of the repository once its publisher has given one.
declare const DOCS_OF_ERRORS: string | undefined;

/** Where the page about errors is in an installed package. */
export const pageInPackage = 'node_modules/deepseek-v4-flash/dist/docs/errors.md';

const page = typeof DOCS_OF_ERRORS === 'string' ? DOCS_OF_ERRORS : pageInPackage;

/** The section of a code. */
export function docsOf(code: ChatErrorCode): string {
  return `${page}#${code}`;
}
