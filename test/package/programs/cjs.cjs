'use strict';

const assert = require('node:assert/strict');
const library = require('deepseek-v4-flash');
const testing = require('deepseek-v4-flash/testing');
const { run } = require('./program.cjs');

const isLoaded = (name) =>
  Object.keys(require.cache).some((path) => path.replaceAll('\\', '/').includes(`/${name}/`));

assert.ok(isLoaded('deepseek-v4-flash'));
assert.ok(!isLoaded('undici'), 'undici is loaded before the first call');

run(library, testing).then(
  () => console.log('memory, loopback over undici and fetch, emulator'),
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
