import { compare } from '../compare.mjs';
import { runClient } from '../processes.mjs';
import { createRows, medianOf } from '../table.mjs';
import { expected } from '../wire.mjs';

// What it costs to have a second vendor, while the first one is well, in a process that has run for a while: at first the
// compiler has more to do, which is some 60 ms once.

const subjects = [
  { name: 'ours', label: 'one vendor' },
  { name: 'ours-several', label: 'two vendors, the first is well' },
];

const create =
  ({ title, about, task, scenario, unit, count, quickCount, optionsOf }) =>
  async ({ server, quick, rounds }) => {
    const counted = quick ? quickCount : count;
    const answered = scenario(counted);
    const isStream = answered.kind === 'stream';
    if (isStream) await server.prepare(answered);
    const contestants = await compare({
      subjects,
      rounds,
      expected: expected(answered),
      runOne: ({ name }) => runClient(name, task, optionsOf(server, answered, counted)),
    });
    if (isStream) await server.forget(answered);
    const cpu = (one) => medianOf(one, (run) => run.cpuMicroseconds / (run.calls ?? counted));
    return {
      title,
      about: `CPU of the client process for each of ${counted.toLocaleString('en')} ${about}`,
      units: { [unit]: 'µs' },
      rows: createRows(contestants, { [unit]: cpu }, ['ours']),
    };
  };

const ofCalls = (server, scenario, calls) => ({
  baseURL: server.url(scenario),
  calls,
  warmUpCalls: Math.ceil(calls / 4),
  atOnce: 16,
});

export const severalChunks = create({
  title: 'Two vendors, one stream',
  about: 'chunks, 16 per write.',
  task: 'stream',
  scenario: (chunks) => ({ kind: 'stream', chunks, perWrite: 16 }),
  unit: 'CPU per chunk',
  count: 200_000,
  quickCount: 5_000,
  optionsOf: (server, scenario) => ({
    baseURL: server.url(scenario),
    warmUpURL: server.url({ ...scenario, chunks: Math.ceil(scenario.chunks / 10) }),
  }),
});

export const severalWhole = create({
  title: 'Two vendors, whole answers, 16 at once',
  about: 'calls with an answer of 2 KB.',
  task: 'whole',
  scenario: () => ({ kind: 'whole', chunks: 500 }),
  unit: 'CPU per call',
  count: 12_800,
  quickCount: 400,
  optionsOf: ofCalls,
});

export const severalStreams = create({
  title: 'Two vendors, short streams, 16 at once',
  about: 'calls with an answer of 100 chunks.',
  task: 'streams',
  scenario: () => ({ kind: 'stream', chunks: 100, perWrite: 16 }),
  unit: 'CPU per call',
  count: 12_800,
  quickCount: 400,
  optionsOf: ofCalls,
});
