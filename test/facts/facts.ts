// npm run facts [vendor…]: what is believed of the vendors, where and when it was read. What is over 90 days old comes first.
import { readdir, readFile } from 'node:fs/promises';
import { byAge, readFacts } from './read-facts.ts';

const folder = new URL('../../src/providers/', import.meta.url);
const wanted = process.argv.slice(2);
const vendors = (await readdir(folder))
  .filter((name) => name.endsWith('.ts') && !['registry.ts', 'decoders.ts'].includes(name))
  .map((name) => name.replace('.ts', ''))
  .filter((name) => wanted.length === 0 || wanted.includes(name));

const all = await Promise.all(
  vendors.map(async (name) =>
    readFacts(name, await readFile(new URL(`${name}.ts`, folder), 'utf8')),
  ),
);
const facts = byAge(all.flat(), new Date());

for (const { ageDays, readOn, vendor, fact, source } of facts) {
  const age = ageDays === undefined ? 'no date' : `${ageDays} days`;
  const what = `${vendor}.${fact}`;
  console.log(`${age.padStart(9)}  ${(readOn ?? '').padEnd(10)}  ${what.padEnd(56)}  ${source}`);
}
const old = facts.filter(({ ageDays = 0 }) => ageDays > 90).length;
const undated = facts.filter(({ ageDays }) => ageDays === undefined).length;
console.error(
  `${facts.length} facts with a source: ${old} over 90 days old, ${undated} without a date. ` +
    'Facts without a comment of their own come from the pages that the head of their file lists.',
);
