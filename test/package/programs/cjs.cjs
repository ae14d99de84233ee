'use strict';

const assert = require('node:assert/strict');
const library = require('deepseek-v4-flash');
const testing = require('deepseek-v4-flash/testing');
const { run } = require('./program.cjs');

const isLoaded = (name) =>
  Object.keys(require.cache).some((path) => path.replaceAll('\\', '/').includes(`/${name}/`));

assert.ok(isLoaded('deepseek-v4-flash'));
assert.ok(!isLoaded('undici'), 'undici is loaded before the first call');

const core = require('deepseek-v4-flash/core');
const { vtrix } = require('deepseek-v4-flash/providers/vtrix');
assert.equal(vtrix, library.providers.vtrix);
assert.equal(typeof core.createClient({ provider: vtrix, apiKey: 'k' }).close, 'function');
assert.throws(() => core.createClient({ provider: 'vtrix' }), { code: 'invalid_options' });

run(library, testing).then(
  () => console.log('memory, loopback over undici and fetch, emulator'),
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
