import { Answer } from '../answer.mjs';
import { measure } from '../measure.mjs';

/** One long stream, after a shorter one that warms up. `method` is `stream` or `streamTools`. */
export async function run(connect, { baseURL, warmUpURL, method = 'stream' }) {
  await connect(warmUpURL)[method](new Answer());
  const answer = new Answer();
  const subject = connect(baseURL);
  const cost = await measure(() => subject[method](answer));
  return { ...cost, result: await answer.result() };
}
