import { Answer } from '../answer.mjs';
import { measure } from '../measure.mjs';

/** Many short streams, so many at once, after some that warm up. */
export async function run(connect, { baseURL, calls, warmUpCalls, atOnce }) {
  const subject = connect(baseURL);
  let first;

  async function work(left) {
    for (; left > 0; left -= 1) {
      const answer = new Answer();
      await subject.stream(answer);
      first ??= answer;
      if (answer.text !== first.text) throw new Error('two answers differ');
    }
  }
  const workers = (count) =>
    Promise.all(Array.from({ length: atOnce }, () => work(Math.ceil(count / atOnce))));

  await workers(warmUpCalls);
  const cost = await measure(() => workers(calls));
  return { ...cost, calls: Math.ceil(calls / atOnce) * atOnce, result: await first.result() };
}
