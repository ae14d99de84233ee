import { compare } from '../compare.mjs';
import { runClient } from '../processes.mjs';
import { without } from '../subjects.mjs';
import { createRows, medianOf } from '../table.mjs';
import { expected, now } from '../wire.mjs';

const empty = { name: 'none', label: 'nothing' };

export async function cold({ server, quick }) {
  const scenarioOf = ({ reasoningField }) => ({
    kind: 'stream',
    chunks: 50,
    perWrite: 1,
    reasoningField,
  });
  const right = expected(scenarioOf({}));
  const contestants = await compare({
    subjects: [empty, ...without('bare-parser')],
    rounds: quick ? 2 : 21,
    expected: (subject) => (subject === empty ? {} : right),
    async runOne(subject) {
      const start = now();
      const run = await runClient(subject.name, 'cold', {
        baseURL: server.url(scenarioOf(subject)),
      });
      return { ...run, wallMilliseconds: (run.at - start) / 1_000 };
    },
  });
  const [nothing] = contestants;
  const wall = (one) => medianOf(one, (run) => run.wallMilliseconds);
  const cpu = (one) => medianOf(one, (run) => run.cpuMicroseconds / 1_000);
  return {
    title: 'Cold start to the first streamed content',
    about: 'From the start of the process, above one that does nothing.',
    units: { wall: 'ms', CPU: 'ms' },
    rows: createRows(
      contestants,
      { wall: (one) => wall(one) - wall(nothing), CPU: (one) => cpu(one) - cpu(nothing) },
      ['bare-fetch', 'bare', 'openai'],
    ).filter(({ subject }) => subject !== 'none'),
  };
}
