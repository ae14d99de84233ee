import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import * as library from 'deepseek-v4-flash';
import * as testing from 'deepseek-v4-flash/testing';
import { run } from './program.cjs';

await run(library, testing);

// Both copies in one process: they know each other's errors.
const other = createRequire(import.meta.url)('deepseek-v4-flash');
assert.notEqual(other.ChatError, library.ChatError);
assert.ok(library.isChatError(new other.ChatError('aborted', 'by the other copy'), 'aborted'));
assert.ok(other.isChatError(new library.ChatError('aborted', 'by this copy')));

await assert.rejects(import('deepseek-v4-flash/testing/msw'), { code: 'ERR_MODULE_NOT_FOUND' });
console.log('memory, loopback over undici and fetch, emulator, two copies');
