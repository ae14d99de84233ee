import { isDeepStrictEqual } from 'node:util';

/**
 * Measures all subjects in turn, so many rounds, so that a slow minute of the machine meets all of them. A subject that
 * fails, or whose result is not what was sent, is out of the race at once.
 *
 * @template {{ name: string, label: string }} S
 * @param {{
 *   subjects: S[],
 *   rounds: number,
 *   runOne: (subject: S) => Promise<{ result?: object }>,
 *   expected?: object | ((subject: S) => object),
 * }} plan
 * @returns {Promise<{ subject: S, runs: object[], failed?: string }[]>}
 */
export async function compare({ subjects, rounds, runOne, expected }) {
  const contestants = subjects.map((subject) => ({ subject, runs: [], failed: undefined }));
  const expectedOf = typeof expected === 'function' ? expected : () => expected;
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of contestants) {
      if (contestant.failed !== undefined) continue;
      try {
        const run = await runOne(contestant.subject);
        checkResult(run.result, expectedOf(contestant.subject));
        contestant.runs.push(run);
      } catch (error) {
        contestant.failed = error.message;
      }
      process.stderr.write(contestant.failed === undefined ? '.' : '!');
    }
  }
  process.stderr.write('\n');
  return contestants;
}

/** Every field that is expected must be there as it was sent. */
export function checkResult(result, expected = {}) {
  for (const [field, value] of Object.entries(expected)) {
    if (isDeepStrictEqual(result[field], value)) continue;
    throw new Error(`wrong result: ${field} is ${result[field]}, not ${value}`);
  }
}
