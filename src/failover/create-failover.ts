import type { Asked, Asker } from '../call/ask.ts';
import { isChatError } from '../outcome/chat-error.ts';
import type { ChatErrorCode } from '../outcome/error-codes.ts';
import type { ModelList, ModelListFailure } from '../schema/account.ts';
import { AnswerSource } from './answer-source.ts';
import type { Candidate } from './candidate.ts';
import { complete } from './complete.ts';
import type { FailoverRules } from './rules.ts';

/** Several vendors as one. */
export function createFailover(rules: FailoverRules): Asker {
  const [first] = rules.candidates;
  const { asker } = first;
  return {
    complete: (asked) => complete(rules, asked),
    stream(asked) {
      const source = new AnswerSource(rules, asked);
      const { report, unreadMs } = source;
      return { source, report, unreadMs };
    },
    prepare: (params, options) => asker.prepare(params, options),
    fill: (params, options) =>
      firstThatOffers(rules.candidates, (each) => each.fill(params, options)),
    balance: (options) => firstThatOffers(rules.candidates, (each) => each.balance(options)),
    models: (options) => allModels(rules.candidates, options),
    withLessThinking: (asked, report) =>
      answerer(rules.candidates, report.attempts.at(-1)?.provider).asker.withLessThinking(
        asked,
        report,
      ),
    begin: (options) => asker.begin(options),
    bound: (options) => asker.bound(options),
  };
}

function answerer(
  candidates: readonly [Candidate, ...Candidate[]],
  answeredBy: string | undefined,
): Candidate {
  return candidates.find(({ name }) => name === answeredBy) ?? candidates[0];
}

/** What not every vendor has. @throws ChatError `unsupported` if none has it */
async function firstThatOffers<T>(
  candidates: readonly Candidate[],
  ask: (asker: Asker) => Promise<T>,
): Promise<T> {
  let refusal: unknown;
  for (const { asker } of candidates) {
    try {
      return await ask(asker);
    } catch (error) {
      if (!isChatError(error, 'unsupported')) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

/**
 * The models of all vendors that have a list of them, and a key. One that is down takes the others' away from nobody.
 *
 * @throws ChatError if the call has ended, or nobody gave a list
 */
async function allModels(
  candidates: readonly Candidate[],
  options: Asked['options'],
): Promise<ModelList> {
  const lists = await Promise.allSettled(candidates.map(({ asker }) => asker.models(options)));
  const failed = lists.flatMap((list) =>
    list.status === 'rejected' ? [list.reason as unknown] : [],
  );
  const isLeftOut = (error: unknown): boolean =>
    isChatError(error, 'unsupported') || isChatError(error, 'missing_api_key');
  const broken = failed.filter((error) => !isLeftOut(error));
  const end = broken.find((error) => !isVendors(error));
  if (end !== undefined) throw end;
  if (failed.length === candidates.length) throw broken[0] ?? failed[0];
  const data = lists.flatMap((list, index) =>
    list.status === 'fulfilled'
      ? list.value.data.map((model) => ({ ...model, provider: candidates[index]?.name }))
      : [],
  );
  const failures = lists.flatMap((list, index): ModelListFailure[] => {
    if (list.status === 'fulfilled' || isLeftOut(list.reason)) return [];
    return [{ provider: candidates[index]?.name ?? '', error: list.reason as Error }];
  });
  const models: ModelList = { object: 'list', data };
  return failures.length === 0
    ? models
    : Object.defineProperty(models, 'failures', { value: failures });
}

/** Whether an error says something of one vendor alone, and not of the call. */
function isVendors(error: unknown): boolean {
  return isChatError(error) && !callEnds.includes(error.code);
}

const callEnds: readonly ChatErrorCode[] = ['aborted', 'deadline_exceeded'];
