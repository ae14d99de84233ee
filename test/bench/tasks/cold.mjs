import { Answer } from '../answer.mjs';

/** The moment of the first piece of content, in a process that has just begun. */
export async function run(connect, { baseURL }, now) {
  let first;
  class FirstAnswer extends Answer {
    addText(piece) {
      super.addText(piece);
      if (piece && first === undefined) {
        const { user, system } = process.cpuUsage();
        first = { cpuMicroseconds: user + system, at: now() };
      }
    }
  }
  const answer = new FirstAnswer();
  await connect(baseURL).stream(answer);
  return { ...first, result: await answer.result() };
}
