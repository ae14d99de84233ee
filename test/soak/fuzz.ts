import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProviderId } from 'deepseek-v4-flash';
import { SSEDecoder } from '../../src/stream/sse.ts';
import type { Mutation } from '../faults/mutations.ts';
import { mutate, mutationKinds, readMutatedBody, readMutatedStream } from '../faults/mutations.ts';
import { inPieces, withComments, withLineEnds } from '../faults/rewriting.ts';
import type { Rendered } from '../faults/streams.ts';
import { oddStreams, renderBodies, renderStreams } from '../faults/streams.ts';
import { pick, seededRandom } from '../kit/random.ts';
import { vendors } from '../kit/vendors.ts';

// `npm run fuzz`: broken streams and bodies, one seed after the other, until the time is over. Nothing is saved; a case
// that fails tells its seed, and `FUZZ_SEED=… FUZZ_CASES=1 npm run fuzz` is that case alone.
//   FUZZ_SECONDS  how long (60)        FUZZ_SEED   the first seed (the clock's)
//   FUZZ_CASES    how many at most     FUZZ_STOP   after how many different failures (10)

const seconds = Number(process.env.FUZZ_SECONDS ?? 60);
const firstSeed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const mostCases = Number(process.env.FUZZ_CASES ?? Infinity);
const mostFailures = Number(process.env.FUZZ_STOP ?? 10);

const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url));
const recordings = fileURLToPath(new URL('../../../shared/recordings', import.meta.url));

function filesIn(folder: string, ending: string): Rendered[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending) && !path.endsWith('.meta.json'))
    .toSorted()
    .map((name) => {
      const path = join(folder, name);
      const vendor: ProviderId | undefined = vendors.find(
        (each) => each === basename(dirname(path)),
      );
      return { name, provider: vendor ?? ('deepseek' as const), bytes: readFileSync(path) };
    })
    .filter(({ bytes }) => bytes.length < 60_000);
}

const streams = [
  ...(await renderStreams()),
  ...oddStreams,
  ...filesIn(fixtures, '.sse'),
  ...filesIn(recordings, '.sse'),
];
const bodies = [
  ...(await renderBodies()),
  ...filesIn(fixtures, '.json'),
  ...filesIn(recordings, '.json'),
];

function mutations(next: () => number): Mutation[] {
  const count = 1 + Math.floor(next() * next() * 12);
  return Array.from({ length: count }, () => ({
    kind: pick(mutationKinds, next()),
    at: next(),
    with: next(),
  }));
}

const oddHeaders = [
  ['retry-after', '1e9'],
  ['retry-after', 'Wed, 21 Oct 2015 07:28:00 GMT'],
  ['retry-after', 'NaN'],
  ['retry-after-ms', '-1'],
  ['x-should-retry', 'perhaps'],
  ['content-type', 'text/html'],
  ['location', '//elsewhere.example'],
  ['constructor', 'x'],
] as const;

interface Target {
  name: string;
  /** One case. Says what came of it; throws for what must not be. */
  run(next: () => number): Promise<string>;
}

const targets: Target[] = [
  {
    name: 'stream',
    async run(next) {
      const { provider, bytes } = pick(streams, next());
      return readMutatedStream(provider, inPieces(mutate(bytes, mutations(next)), next));
    },
  },
  {
    name: 'body',
    async run(next) {
      const { provider, bytes } = pick(bodies, next());
      const status = next() < 0.5 ? 200 : pick([201, 302, 400, 403, 404, 429, 500, 503], next());
      const headers = next() < 0.5 ? {} : Object.fromEntries([pick(oddHeaders, next())]);
      const pieces = inPieces(mutate(bytes, mutations(next)), next);
      return readMutatedBody(provider, { status, headers, pieces });
    },
  },
  {
    // Against a second reader of the standard, which is a few lines long and has all of the text at once.
    name: 'events',
    async run(next) {
      const { bytes } = pick(streams, next());
      const broken = next() < 0.5 ? mutate(bytes, mutations(next)) : bytes;
      const text = new TextDecoder().decode(broken).replaceAll(/\r\n|\r/g, '\n');
      const rewritten = Buffer.from(withLineEnds(withComments(text, next), next));
      const events: string[] = [];
      const decoder = new SSEDecoder({
        onEvent({ data, bareLine }) {
          if (!bareLine) events.push(data);
        },
      });
      for (const piece of inPieces(rewritten, next)) decoder.feed(piece);
      const leftover = decoder.end();
      const expected = JSON.stringify(dataOf(rewritten.toString('utf8')));
      // After a last CR the decoder cannot know that no LF follows: that event it hands over at the end.
      const given = [events, leftover === undefined ? events : [...events, leftover.data]];
      if (!given.some((each) => JSON.stringify(each) === expected))
        throw new Error('Other events than the standard has');
      return 'same events';
    },
  },
];

/** The data of every dispatched event, as https://html.spec.whatwg.org/multipage/server-sent-events.html has it. */
function dataOf(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  // What follows the last line end is no line.
  lines.pop();
  const events: string[] = [];
  let data: string[] = [];
  for (const line of lines) {
    if (line === '') {
      if (data.length > 0) events.push(data.join('\n'));
      data = [];
    } else if (line === 'data') data.push('');
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return events;
}

const failures = new Map<string, number>();
const outcomes = new Map<string, number>();
let seed = firstSeed;

function fail(what: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const isNew = !failures.has(message);
  failures.set(message, (failures.get(message) ?? 0) + 1);
  if (!isNew) return;
  console.error(`FAILED seed ${seed} (${what}): ${error instanceof Error ? error.stack : message}`);
}
process.on('unhandledRejection', (reason) => fail('unhandled rejection', reason));

console.log(`fuzz: ${seconds} s from seed ${firstSeed}`);
const startedAt = performance.now();
const isOver = (): boolean =>
  performance.now() - startedAt > seconds * 1_000 ||
  seed - firstSeed >= mostCases ||
  failures.size >= mostFailures;

while (!isOver()) {
  const next = seededRandom(seed);
  const target = pick(targets, next());
  try {
    const outcome = `${target.name}: ${await target.run(next)}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  } catch (error) {
    fail(target.name, error);
  }
  seed++;
}

// Rejections that nobody waited for are told of after the promises are done.
await new Promise((resolve) => setTimeout(resolve, 50));
for (const [outcome, count] of [...outcomes].toSorted()) console.log(`${count}\t${outcome}`);
for (const [message, count] of failures) console.log(`FAILED ${count} times: ${message}`);
console.log(`fuzz: ${seed - firstSeed} cases, ${failures.size} different failures`);
process.exitCode = failures.size === 0 ? 0 : 1;
