import { createHash } from 'node:crypto';
import { measure } from '../measure.mjs';

// A schema by hand, in the form that all schema libraries share.
const schema = {
  schema: { '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value }) } },
  jsonSchema: { type: 'object' },
  name: 'records',
};

/** A long JSON answer, read as a growing object. */
export async function run(connect, { baseURL, warmUpURL }) {
  const warmUp = await connect(warmUpURL).partialObject(schema);
  if (warmUp === undefined) return { skipped: 'this build has no partialObject()' };
  const subject = connect(baseURL);
  let outcome;
  const cost = await measure(async () => {
    outcome = await subject.partialObject(schema);
  });
  const hash = createHash('sha256').update(JSON.stringify(outcome.last)).digest('hex');
  return { ...cost, partials: outcome.count, result: { hash } };
}
