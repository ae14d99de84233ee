import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChatStreamEvent } from 'deepseek-v4-flash';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programAt } from '../kit/parts.ts';
import type { OpenPage } from './browser.ts';
import { browsers, openPage } from './browser.ts';
import type { Site } from './browser-site.ts';
import { startSite, streamOf } from './browser-site.ts';
import { expected } from './conformance.ts';
import { installPacked } from './packed.ts';

// The packed package in real pages: the client on its own origin and on another one, and what a server hands on.

const here = fileURLToPath(new URL('./', import.meta.url));
const load = createRequire(join(here, 'package.json'));

// ---------------------------------------------------------------- the pages

/** What browsers have got since the beginning of 2022, or Safari 15 lacks, as far as code like ours might touch it. */
const later =
  `Array.fromAsync Array.prototype.at Array.prototype.findLast Array.prototype.findLastIndex
  Array.prototype.toReversed Array.prototype.toSorted Array.prototype.toSpliced Array.prototype.with
  AbortSignal.any AbortSignal.timeout AbortSignal.prototype.throwIfAborted ArrayBuffer.prototype.transfer
  CompressionStream DecompressionStream Error.isError Headers.prototype.getSetCookie Iterator JSON.rawJSON Map.groupBy
  Object.groupBy Object.hasOwn Promise.try Promise.withResolvers
  ReadableStream.from ReadableStream.prototype.@@asyncIterator ReadableStream.prototype.pipeThrough
  ReadableStream.prototype.pipeTo ReadableStream.prototype.values ReadableByteStreamController ReadableStreamBYOBReader
  Response.json Response.prototype.bytes RegExp.escape Set.prototype.difference Set.prototype.intersection
  Set.prototype.isSubsetOf Set.prototype.union String.prototype.at String.prototype.isWellFormed
  String.prototype.toWellFormed structuredClone TextDecoderStream TextEncoderStream TransformStream URL.canParse URL.parse
  Uint8Array.fromBase64 Uint8Array.prototype.toBase64 Uint8Array.prototype.toHex crypto.randomUUID`.split(
    /\s+/,
  );

/** Runs in the page, before anything else. Names of what is there all the same. */
const takeAway = `const stillThere = ${JSON.stringify(later)}.filter((name) => {
  const keys = name.split('.').map((key) => (key.startsWith('@@') ? Symbol[key.slice(2)] : key));
  const last = keys.pop();
  let owner = keys.reduce((value, key) => value && value[key], globalThis);
  while (owner && last in owner) {
    if (!delete owner[last]) return true;
    owner = Object.getPrototypeOf(owner);
  }
  return false;
});`;

/** Tells the results of \`program\`, and errors whenever there are any. */
const pageOf = (
  page: string,
  before: string,
  type: string,
  setup: object,
): string => `<!doctype html>
<link rel="icon" href="data:,">
<body>
<script>
const errors = [];
let results;
const tell = () => fetch('/told?as=${page}', { method: 'POST', body: JSON.stringify({ errors, results }) });
const fail = (error) => void errors.push(String(error)) || tell();
addEventListener('error', ({ message }) => fail(message));
addEventListener('unhandledrejection', ({ reason }) => fail(reason));
console.error = console.warn = (...said) => fail(said.join(' '));
${before}
</script>
<script type="${type}" src="/${page}.js"></script>
<script type="${type}">
program(${JSON.stringify({ page, ...setup })}).then((value) => (results = value, tell()), fail);
</script>
`;

const programs = {
  now: `import * as library from 'deepseek-v4-flash';
import { conform } from './conformance.mjs';
import { browse, decodeAll, knock } from './browser-client.mjs';
import { closeFrame, readAll } from './browser-reader.mjs';
// A browser may take longer to send a request than any fixed time.
const arrivedAt = (where) => (count) => fetch('/arrived/' + where + '/' + count);
globalThis.program = async ({ page, near, far, barred }) => {
  const results = {
    near: { ...(await conform(library, near, arrivedAt('near'))), ...(await browse(library, near)) },
    far: { ...(await conform(library, far, arrivedAt('far'))), ...(await browse(library, far)) },
    barred: await knock(library, barred),
    decoded: await decodeAll(library, page),
    web: await readAll('web', page),
    node: await readAll('node', page),
  };
  await closeFrame(page);
  document.body.append(Object.assign(document.createElement('iframe'), { src: '/2022' }));
  return results;
};`,
  2022: `import { readAll } from './browser-reader.mjs';
globalThis.program = async ({ page }) =>
  ({ stillThere, web: await readAll('web', page), node: await readAll('node', page) });`,
};

interface ESBuild {
  build(options: object): Promise<{ warnings: unknown[]; outputFiles: { text: string }[] }>;
}

async function bundled(project: string, contents: string, options: object): Promise<string> {
  const { build } = load('esbuild') as ESBuild;
  const { warnings, outputFiles } = await build({
    stdin: { contents, resolveDir: project },
    bundle: true,
    minify: true,
    platform: 'browser',
    write: false,
    ...options,
  });
  expect(warnings).toEqual([]);
  return outputFiles[0]?.text ?? '';
}

const javascript = { type: 'text/javascript', content: '' };
const html = { type: 'text/html; charset=utf-8', content: '' };

let remove: (() => Promise<void>) | undefined;
const scripts = { now: '', 2022: '' };
beforeAll(async () => {
  const { project, ...installed } = await installPacked();
  remove = installed.remove;
  for (const name of ['conformance.mjs', 'browser-client.mjs', 'browser-reader.mjs']) {
    await cp(join(here, name), join(project, name));
  }
  scripts.now = await bundled(project, programs.now, { format: 'esm' });
  scripts[2022] = await bundled(project, programs[2022], {
    format: 'iife',
    target: ['chrome100', 'firefox100', 'safari15'],
    // These cannot be taken away from a page.
    define: { 'Symbol.dispose': 'undefined', 'Symbol.asyncDispose': 'undefined' },
  });
});
afterAll(() => remove?.());

const filesFor = (vendors: Site['vendors']) => ({
  '/': { ...html, content: pageOf('now', '', 'module', vendors) },
  '/now.js': { ...javascript, content: scripts.now },
  '/2022': { ...html, content: pageOf('2022', takeAway, 'text/javascript', {}) },
  '/2022.js': { ...javascript, content: scripts[2022] },
});

// ---------------------------------------------------------------- the tests

/** As it is when it has been sent as JSON. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

async function expectedOfReader(): Promise<object> {
  const stream = streamOf('whole');
  const events: ChatStreamEvent[] = [];
  for await (const event of stream.events()) events.push(event);
  const { choices } = await stream.finalCompletion();
  return {
    events: sent(events),
    text: 'Forty-two — “ö” 🌍',
    choices: sent(choices),
    completion: 'complete',
    refused: { code: 'rate_limit' },
    broken: { code: 'server_error', content: 'Not all' },
    missing: { code: 'not_found' },
    lost: { code: 'stream_interrupted', content: 'Some' },
    hasKept: true,
    lostAtEnd: 'stream_interrupted',
    unreachable: { code: 'connection' },
    stopped: { code: 'aborted', content: 'Some' },
    waiting: { code: 'aborted' },
    unsent: { code: 'aborted' },
    late: { code: 'aborted', content: 'Some' },
    left: ['aborted', 'aborted', 'aborted', 'aborted', 'aborted'],
    next: { code: 'aborted' },
    first: { code: 'aborted' },
  };
}

describe.each(Object.entries(browsers))('%s', (_name, browser) => {
  const path = programAt(browser.program, browser.debian);

  describe.skipIf(path === undefined)('runs', () => {
    let site: Site;
    let page: OpenPage | undefined;
    beforeAll(async () => {
      site = await startSite(filesFor);
      page = await openPage(path ?? '', browser, `${site.url}/`);
      const told = Promise.all([site.hasTold('now'), site.hasTold('2022')]);
      await Promise.race([told, page.ended]);
    }, 60_000);
    // Until here the page is open: whatever ended before was ended by it.
    afterAll(async () => {
      await page?.close();
      await site.close();
    });

    const resultsOf = (name: string): Record<string, unknown> => site.told.get(name)?.results ?? {};

    test.each(['near', 'far'])('the client, with a vendor that is %s', (where) => {
      expect(resultsOf('now')[where]).toEqual({
        ...expected,
        requestId: 'emulated-trace',
        reset: 'stream_interrupted',
        redirected: 'unexpected_redirect',
      });
    });

    test('the client, which ends a call that the page has given up', async () => {
      for (const emulator of site.emulators) {
        emulator.assertNoPendingReplies();
        await expect.poll(() => emulator.connections.busy).toBe(0);
      }
    });

    test('the client, which sends other origins no header that they would have to know', () => {
      expect(new Set(site.preflights)).toEqual(new Set(['authorization,content-type']));
    });

    test('the client, which says of an origin that lets no page in that there is no connection', () => {
      expect(resultsOf('now').barred).toBe('connection');
    });

    test('the decoder', async () => {
      expect(resultsOf('now').decoded).toEqual({
        content: 'Forty-two — “ö” 🌍',
        types: ['role', 'reasoning_content', 'content', 'tool_calls'],
        refused: 'rate_limit',
      });
      expect(await site.ends.get('now-decode-left')).toBe('aborted');
    });

    describe.each(['now', '2022'])('the reader, in a page of %s', (name) => {
      test.each(['web', 'node'])('after a %s response', async (way) => {
        expect(resultsOf(name)[way]).toEqual(await expectedOfReader());
      });

      test.each(['web', 'node'])('and ends what it leaves of a %s response', async (way) => {
        const all =
          'lost stopped waiting late left-events left-text left-waiting left-unanswered left-unread';
        for (const as of all.split(' ')) {
          expect(await site.ends.get(`${name}-${way}-${as}`), as).toBe('aborted');
        }
      });
    });

    test('a page that is closed while it reads, which ends the call', async () => {
      expect(await site.ends.get('now-closed')).toBe('aborted');
    });

    test('a page of 2022, which has nothing of later', () => {
      expect(resultsOf('2022').stillThere).toEqual([]);
    });

    test('without an error that nobody caught, or a word on the console', () => {
      expect([...site.told.values()].flatMap(({ errors }) => errors)).toEqual([]);
    });
  });
});
