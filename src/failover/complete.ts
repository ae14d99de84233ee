import { onAbort, LocalAbort } from '../internal/abort.ts';
import type { Asked } from '../call/ask.ts';
import type { ChatErrorCode } from '../outcome/error-codes.ts';
import type { Report } from '../outcome/report.ts';
import { attachToError, isChatError } from '../outcome/chat-error.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionWithReport } from '../outcome/with-report.ts';
import { brokenOff } from '../stream/bad-ends.ts';
import type { Turn } from './turn.ts';
import { Route } from './route.ts';
import type { FailoverRules } from './rules.ts';
import type { Entry, Won } from './entry.ts';
import { run } from './run.ts';
import { failWith, settle } from './settle.ts';

type Answer = ChatCompletionWithReport;

/** A whole answer, of the first vendor that gives one. */
export async function complete(rules: FailoverRules, asked: Asked): Promise<Answer> {
  const route = new Route(rules, asked, 'whole');
  let broken: Won<Answer> | undefined;
  const refuseBroken = (turn: Turn, value: Answer): void => {
    if (value.report.completion !== 'interrupted') return;
    broken = { turn, value };
    const error = brokenOff();
    markLast(value.report, error.code);
    throw attachToError(error, { report: value.report });
  };
  const begin = (turn: Turn): Entry<Answer> => {
    const { result, cancel } = rules.hedge === undefined ? askOnly(turn) : askBeside(turn);
    // Without a promise of its own, which each call would pay for.
    return { result, cancel, check: (value) => refuseBroken(turn, value), discard };
  };
  try {
    const turn = route.first();
    if (turn === undefined || rules.hedge !== undefined) {
      return answered(route, await run(route, begin, turn));
    }
    // The usual way of nearly all calls, which `run` would take as well, at twice the price.
    let value: Answer | undefined;
    try {
      value = await turn.candidate.asker.complete(turn.asked);
      refuseBroken(turn, value);
    } catch (error) {
      route.failed(turn, error);
      return answered(route, await run(route, begin));
    }
    return answered(route, { turn, value });
  } catch (error) {
    if (!isChatError(error)) throw error;
    // As with one vendor: what says itself that it broke off is an answer still, where there is no better one.
    if (broken === undefined || isEnd(error)) throw failWith(route, error);
    route.forget(broken.value.report);
    markLast(broken.value.report, undefined);
    return answered(route, broken);
  } finally {
    route.bounds.end();
  }
}

function answered(route: Route, { turn, value }: Won<Answer>): Answer {
  route.won(turn, value.report);
  settle(route, turn, value.report);
  return value;
}

/** Why an answer was not taken, in its last attempt. */
function markLast({ attempts }: Report, error: ChatErrorCode | undefined): void {
  const last = attempts.at(-1);
  if (last === undefined) return;
  if (error === undefined) delete last.error;
  else last.error = error;
}

/** The caller's own end of the call, and not the vendors'. */
function isEnd({ code }: ChatError): boolean {
  return code !== 'all_providers_failed' && code !== 'stream_interrupted';
}

const discard = ({ report }: Answer): Report => report;

function askOnly({ candidate, asked }: Turn): Pick<Entry<Answer>, 'result' | 'cancel'> {
  return { result: candidate.asker.complete(asked), cancel() {} };
}

/** With a signal of its own, since another vendor may be faster. */
function askBeside({ candidate, asked }: Turn): Pick<Entry<Answer>, 'result' | 'cancel'> {
  const stop = new LocalAbort();
  const { signal } = asked.options ?? {};
  const follow = (): void => stop.abort(signal?.reason);
  if (signal?.aborted) follow();
  const detach = signal == null ? undefined : onAbort(signal, follow);
  const options = { ...asked.options, signal: stop };
  const result = candidate.asker.complete({ ...asked, options });
  return {
    result: result.finally(() => detach?.()),
    cancel: (error) => stop.abort(error),
  };
}
