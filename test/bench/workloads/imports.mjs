import { compare } from '../compare.mjs';
import { runImport } from '../processes.mjs';
import { subjects } from '../subjects.mjs';
import { createRows, medianOf } from '../table.mjs';
import { now } from '../wire.mjs';

const empty = { name: 'none', label: 'nothing', imports: ['./empty.mjs'] };
const undici = {
  name: 'undici',
  label: 'undici',
  imports: ['../../node_modules/undici/index.js'],
};

export async function imports({ quick }) {
  const contestants = await compare({
    subjects: [empty, undici, ...subjects.filter((subject) => subject.imports !== undefined)],
    rounds: quick ? 2 : 21,
    async runOne({ imports: names }) {
      const start = now();
      const { at, cpuMicroseconds } = await runImport(names);
      return { wallMilliseconds: (at - start) / 1_000, cpuMicroseconds };
    },
  });
  const [nothing] = contestants;
  const wall = (one) => medianOf(one, (run) => run.wallMilliseconds);
  const cpu = (one) => medianOf(one, (run) => run.cpuMicroseconds / 1_000);
  return {
    title: 'Import',
    about: 'From the start of the process, above one that imports an empty module.',
    units: { wall: 'ms', CPU: 'ms' },
    rows: createRows(
      contestants,
      { wall: (one) => wall(one) - wall(nothing), CPU: (one) => cpu(one) - cpu(nothing) },
      ['openai'],
    ).filter(({ subject }) => subject !== 'none'),
  };
}
