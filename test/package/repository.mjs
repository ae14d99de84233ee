// Refuses to publish a package that does not say where it comes from: the address is the publisher's to fill in.
import { readFile } from 'node:fs/promises';

const { repository } = JSON.parse(
  await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
);
if (!repository?.url) {
  console.error('package.json has no repository.url: fill it in before publishing');
  process.exitCode = 1;
}
