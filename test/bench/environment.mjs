import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { subjects } from './subjects.mjs';

const versionIn = async (path) =>
  JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8')).version;

/** What the numbers depend on. */
export async function describeEnvironment() {
  const versions = { 'deepseek-v4-flash': await versionIn('../../package.json') };
  for (const name of ['undici', 'eventsource-parser']) {
    versions[name] = await versionIn(`../../node_modules/${name}/package.json`);
  }
  for (const name of subjects.flatMap(({ packages = [] }) => packages)) {
    versions[name] = await versionIn(`node_modules/${name}/package.json`);
  }
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0].model.trim(),
    cores: availableParallelism(),
    versions,
  };
}
