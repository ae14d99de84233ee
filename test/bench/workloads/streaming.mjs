import { compare } from '../compare.mjs';
import { runClient } from '../processes.mjs';
import { subjects } from '../subjects.mjs';
import { createRows, medianOf } from '../table.mjs';
import { expected } from '../wire.mjs';

const create =
  (perWrite, chunksOf) =>
  async ({ server, quick, rounds }) => {
    const chunks = quick ? 5_000 : chunksOf;
    const scenarioOf = ({ reasoningField }) => ({
      kind: 'stream',
      chunks,
      perWrite,
      reasoningField,
    });
    const all = [scenarioOf({}), scenarioOf({ reasoningField: 'reasoning' })];
    await server.prepare(...all);
    const contestants = await compare({
      subjects,
      rounds,
      expected: expected(scenarioOf({})),
      runOne(subject) {
        const scenario = scenarioOf(subject);
        const warmUp = { ...scenario, chunks: quick ? 2_000 : 20_000 };
        const options = { baseURL: server.url(scenario), warmUpURL: server.url(warmUp) };
        return runClient(subject.name, 'stream', options);
      },
    });
    await server.forget(...all);
    return {
      title: `Streaming ${chunks.toLocaleString('en')} chunks, ${perWrite} per write`,
      about: 'CPU of the client process for each chunk; a write is one HTTP chunk.',
      units: { 'CPU per chunk': 'µs', wall: 'ms', 'peak memory': 'MB' },
      rows: createRows(
        contestants,
        {
          'CPU per chunk': (one) => medianOf(one, (run) => run.cpuMicroseconds / chunks),
          wall: (one) => medianOf(one, (run) => run.wallMilliseconds),
          'peak memory': (one) => medianOf(one, (run) => run.maxRssKilobytes / 1_024),
        },
        ['bare', 'openai', 'ai'],
      ),
    };
  };

export const streaming16 = create(16, 200_000);
export const streaming1 = create(1, 200_000);
