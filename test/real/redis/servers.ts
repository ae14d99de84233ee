import { execFileSync } from 'node:child_process';
import { programAt, programHere } from '../../kit/parts.ts';

/** A server that speaks Redis's protocol. */
export interface ServerHere {
  /** As it calls itself, with its version. */
  name: string;
  path: string;
}

/** Redis has to be there in CI. Its kin are tried where they are installed. */
const redis = programAt('redis-server', 'redis-server');
const kin = ['valkey-server', 'redict-server'].map(programHere);

const found: ServerHere[] = [redis, ...kin].flatMap((path) =>
  path === undefined ? [] : [{ name: nameOf(path), path }],
);

/** Whether there is none, so that what is over one has to be skipped. */
export const hasNoServer = found.length === 0;

/** Every one of this machine; where there is none, one to be skipped. */
export const servers: ServerHere[] = hasNoServer ? [{ name: 'a Redis', path: '' }] : found;

function nameOf(path: string): string {
  const text = execFileSync(path, ['--version'], { encoding: 'utf8' });
  const [, name = path, version = ''] = /^(\w+) server v=(\S+)/.exec(text) ?? [];
  return `${name} ${version}`;
}
