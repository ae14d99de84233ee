import { compare } from '../compare.mjs';
import { runClient } from '../processes.mjs';
import { without } from '../subjects.mjs';
import { createRows, medianOf } from '../table.mjs';
import { expected } from '../wire.mjs';

export async function whole({ server, quick, rounds }) {
  // Of fewer calls, half the time is the compiler's, which a process pays once.
  const calls = quick ? 400 : 12_800;
  const warmUpCalls = quick ? 64 : 800;
  const scenarioOf = ({ reasoningField }) => ({ kind: 'whole', chunks: 500, reasoningField });
  const contestants = await compare({
    subjects: without('bare-parser'),
    rounds,
    expected: expected(scenarioOf({})),
    runOne(subject) {
      const baseURL = server.url(scenarioOf(subject));
      return runClient(subject.name, 'whole', { baseURL, calls, warmUpCalls, atOnce: 16 });
    },
  });
  return {
    title: 'Whole answers, 16 at once',
    about: `CPU of the client process for each of ${calls.toLocaleString('en')} calls with an answer of 2 KB.`,
    units: { 'CPU per call': 'µs', wall: 'µs' },
    rows: createRows(
      contestants,
      {
        'CPU per call': (one) => medianOf(one, (run) => run.cpuMicroseconds / run.calls),
        wall: (one) => medianOf(one, (run) => (run.wallMilliseconds * 1_000) / run.calls),
      },
      ['bare', 'bare-fetch', 'openai'],
    ),
  };
}
