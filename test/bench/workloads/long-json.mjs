import { createHash } from 'node:crypto';
import { compare } from '../compare.mjs';
import { runClient } from '../processes.mjs';
import { named } from '../subjects.mjs';
import { createRows, medianOf } from '../table.mjs';
import { expected, jsonText } from '../wire.mjs';

// Long JSON in small pieces, where careless code takes quadratic time. Each is compared with half of it: 2 is linear.

const characters = 10;
const cpu = (one) => medianOf(one, (run) => run.cpuMicroseconds / 1_000);

async function againstHalf(measureSize, chunks) {
  const halves = await measureSize(chunks / 2);
  const wholes = await measureSize(chunks);
  const halfOf = ({ subject }) => halves.find((half) => half.subject === subject);
  return createRows(
    wholes.map((one) => ({ ...one, failed: one.failed ?? halfOf(one).failed })),
    {
      CPU: cpu,
      'of half': (one) => cpu(halfOf(one)),
      'CPU to half': (one) => cpu(one) / cpu(halfOf(one)),
    },
  );
}

const units = { CPU: 'ms', 'of half': 'ms', 'CPU to half': '×' };

export async function toolArguments({ server, quick, rounds }) {
  const chunks = quick ? 4_000 : 100_000;
  const rows = await againstHalf(async (count) => {
    const scenario = { kind: 'tools', chunks: count, characters, perWrite: 16 };
    await server.prepare(scenario);
    return compare({
      subjects: named('bare', 'ours', 'ours-fetch', 'openai'),
      rounds,
      expected: expected(scenario),
      runOne(subject) {
        // The loop without a client reads tools as it reads text.
        const method = subject.name === 'bare' ? 'stream' : 'streamTools';
        const warmUpURL = server.url({ ...scenario, chunks: 1_000 });
        const options = { baseURL: server.url(scenario), warmUpURL, method };
        return runClient(subject.name, 'stream', options);
      },
    });
  }, chunks);
  return {
    title: `Tool arguments of ${(chunks * characters).toLocaleString('en')} characters in ${chunks.toLocaleString('en')} fragments`,
    about: 'CPU of the client process, and against half of it (2 is linear).',
    units,
    rows,
  };
}

export async function partialObject({ server, quick, rounds }) {
  const chunks = quick ? 2_000 : 100_000;
  const title = `\`partialObject()\` on JSON of ${(chunks * characters).toLocaleString('en')} characters`;
  const scenarioOf = (count) => ({ kind: 'json', chunks: count, characters, perWrite: 16 });
  const optionsOf = (count) => ({
    baseURL: server.url(scenarioOf(count)),
    warmUpURL: server.url(scenarioOf(1_000)),
  });
  const [subject] = named('ours');
  const trial = await runClient(subject.name, 'partial-object', optionsOf(100));
  if (trial.skipped !== undefined) return { title, skipped: trial.skipped };
  const rows = await againstHalf(async (count) => {
    await server.prepare(scenarioOf(count));
    const whole = JSON.stringify(JSON.parse(jsonText(count * characters)));
    return compare({
      subjects: [subject],
      rounds,
      expected: { hash: createHash('sha256').update(whole).digest('hex') },
      runOne: () => runClient(subject.name, 'partial-object', optionsOf(count)),
    });
  }, chunks);
  return {
    title,
    about: `In ${chunks.toLocaleString('en')} deltas: CPU, and against half of it (2 is linear).`,
    units,
    rows,
  };
}
