import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import * as library from 'deepseek-v4-flash';
import * as core from 'deepseek-v4-flash/core';
import { vtrix } from 'deepseek-v4-flash/providers/vtrix';
import * as testing from 'deepseek-v4-flash/testing';
import { run } from './program.cjs';

await run(library, testing);

// Both copies in one process: they know each other's errors.
const other = createRequire(import.meta.url)('deepseek-v4-flash');
assert.notEqual(other.ChatError, library.ChatError);
assert.ok(library.isChatError(new other.ChatError('aborted', 'by the other copy'), 'aborted'));
assert.ok(other.isChatError(new library.ChatError('aborted', 'by this copy')));

// The small entry, and a vendor for it, whose emulator is the main entry's.
const { transport } = testing.createEmulator();
const client = core.createClient({ provider: vtrix, apiKey: 'k', transport });
const messages = [{ role: 'user', content: 'Hi' }];
const { choices } = await client.chat.completions.create({ messages });
assert.ok(choices[0].message.content);
assert.ok(library.isChatError(new core.ChatError('aborted', 'by the small one'), 'aborted'));
assert.throws(() => core.createClient({ provider: 'vtrix' }), { code: 'invalid_options' });

await assert.rejects(import('deepseek-v4-flash/testing/msw'), { code: 'ERR_MODULE_NOT_FOUND' });
console.log('memory, loopback over undici and fetch, emulator, two copies');
