import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { longest } from '../order.ts';

test.each(longest)('%s, which is to come first, is there', (name) => {
  expect(existsSync(new URL(`../${name}.test.ts`, import.meta.url))).toBe(true);
});
