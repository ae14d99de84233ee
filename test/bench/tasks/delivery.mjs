import { setTimeout as pause } from 'node:timers/promises';
import { measure } from '../measure.mjs';
import { percentile } from '../statistics.mjs';

/** Many paced streams at once: how old a delta is when the reader has it, and what reading costs. */
export async function run(connect, { baseURL, streams, warmUpSeconds, seconds }, now) {
  const delays = [];
  let isMeasuring = false;
  let wrong = 0;
  const subject = connect(baseURL);

  async function read() {
    const reader = createReader((stamp) => {
      if (isMeasuring) delays.push(now() - stamp);
    });
    await subject.stream(reader);
    return reader;
  }

  const readers = Promise.all(Array.from({ length: streams }, read));
  // Whoever cannot start fails at once.
  await Promise.race([readers, pause(warmUpSeconds * 1_000)]);
  isMeasuring = true;
  const cost = await measure(() => pause(seconds * 1_000));
  isMeasuring = false;
  const [{ deltas, finish }, ...others] = await readers;
  for (const other of others) if (other.deltas !== deltas || other.finish !== finish) wrong += 1;
  if (wrong > 0) throw new Error(`${wrong} streams are not whole`);
  delays.sort((a, b) => a - b);
  return {
    ...cost,
    core: cost.cpuMicroseconds / 1_000 / cost.wallMilliseconds,
    samples: delays.length,
    p50: percentile(delays, 0.5),
    p99: percentile(delays, 0.99),
    result: { deltas, finish },
  };
}

/** Takes the place of an answer: its text is the moment of its making. */
function createReader(onStamp) {
  const reader = {
    deltas: 0,
    finish: undefined,
    addText(piece) {
      if (!piece) return;
      reader.deltas += 1;
      onStamp(Number(piece));
    },
    addReasoning() {},
    addChunk({ choices: [choice] }) {
      if (choice === undefined) return;
      reader.addText(choice.delta.content);
      if (choice.finish_reason) reader.finish = choice.finish_reason;
    },
  };
  return reader;
}
