import { compare } from '../compare.mjs';
import { runClient } from '../processes.mjs';
import { named } from '../subjects.mjs';
import { createRows, medianOf } from '../table.mjs';
import { expected } from '../wire.mjs';

/** The longest answer the model gives, and half of it: twice the work is to cost twice as much. */
export async function memory({ server, quick, rounds }) {
  const chunks = quick ? 10_000 : 384_000;
  const scenarioOf = (share) => ({ kind: 'stream', chunks: chunks * share, perWrite: 16 });
  const measureShare = (share) =>
    compare({
      subjects: named('bare', 'bare-parser', 'ours', 'ours-fetch', 'openai'),
      rounds,
      expected: expected(scenarioOf(share)),
      runOne: (subject) =>
        runClient(subject.name, 'stream', {
          baseURL: server.url(scenarioOf(share)),
          warmUpURL: server.url({ kind: 'stream', chunks: 1_000, perWrite: 16 }),
        }),
    });
  await server.prepare(scenarioOf(0.5), scenarioOf(1));
  const halves = await measureShare(0.5);
  const wholes = await measureShare(1);
  await server.forget(scenarioOf(0.5), scenarioOf(1));
  const cpu = (one) => medianOf(one, (run) => run.cpuMicroseconds / 1_000);
  const rss = (one) => medianOf(one, (run) => run.maxRssKilobytes / 1_024);
  const halfOf = ({ subject }) => halves.find((half) => half.subject === subject);
  return {
    title: `One answer of ${chunks.toLocaleString('en')} chunks`,
    about: `Peak memory and CPU of the client process, and CPU against an answer of half the length (2 is linear).`,
    units: { 'peak memory': 'MB', CPU: 'ms', 'of half': 'MB', 'CPU to half': '×' },
    rows: createRows(
      wholes.map((one) => ({ ...one, failed: one.failed ?? halfOf(one).failed })),
      {
        'peak memory': rss,
        CPU: cpu,
        'of half': (one) => rss(halfOf(one)),
        'CPU to half': (one) => cpu(one) / cpu(halfOf(one)),
      },
    ),
  };
}
