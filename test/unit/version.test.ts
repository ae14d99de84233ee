import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { version } from '../../src/internal/version.ts';

test('the version in the source is the one in package.json', () => {
  const manifest = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string };

  expect(version).toBe(manifest.version);
});
