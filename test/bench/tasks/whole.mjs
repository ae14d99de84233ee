import { Answer } from '../answer.mjs';
import { measure } from '../measure.mjs';

/** Many whole answers, so many at once, after some that warm up. */
export async function run(connect, { baseURL, calls, warmUpCalls, atOnce }) {
  const subject = connect(baseURL);
  let first;

  async function work(left) {
    for (; left > 0; left -= 1) {
      const answer = new Answer();
      await subject.whole(answer);
      first ??= answer;
      const isSame = answer.text === first.text && answer.reasoning === first.reasoning;
      if (!isSame) throw new Error('two answers differ');
    }
  }
  const workers = (count) =>
    Promise.all(Array.from({ length: atOnce }, () => work(Math.ceil(count / atOnce))));

  await workers(warmUpCalls);
  const cost = await measure(() => workers(calls));
  const { deltas: _deltas, ...result } = await first.result();
  return { ...cost, calls: Math.ceil(calls / atOnce) * atOnce, result };
}
