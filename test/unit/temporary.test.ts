import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanups } from '../kit/cleanups.ts';
import { tempFolder } from '../kit/process.ts';
import giveFolder, { temporaryVariable } from '../temporary.ts';

test('what tests leave in temporary folders is removed when their run ends', () => {
  const folderOfThisRun = process.env[temporaryVariable];
  expect(dirname(tempFolder())).toBe(folderOfThisRun);

  const remove = giveFolder();
  cleanups.push(() => (process.env[temporaryVariable] = folderOfThisRun));
  const left = join(tempFolder(), 'left behind');
  writeFileSync(left, '');
  expect(existsSync(left)).toBe(true);
  remove();

  expect(existsSync(left)).toBe(false);
  expect(existsSync(dirname(dirname(left)))).toBe(false);
});
