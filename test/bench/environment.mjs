import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { peersFolder } from './peers.mjs';
import { subjects } from './subjects.mjs';

const versionIn = async (path, folder = import.meta.url) =>
  JSON.parse(await readFile(new URL(path, folder), 'utf8')).version;

/** What the numbers depend on. */
export async function describeEnvironment() {
  const versions = { 'deepseek-v4-flash': await versionIn('../../package.json') };
  for (const name of ['undici', 'eventsource-parser']) {
    versions[name] = await versionIn(`../../node_modules/${name}/package.json`);
  }
  for (const name of subjects.flatMap(({ packages = [] }) => packages)) {
    versions[name] = await versionIn(`node_modules/${name}/package.json`, peersFolder);
  }
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0].model.trim(),
    cores: availableParallelism(),
    versions,
  };
}
