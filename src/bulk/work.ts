import type { Asker } from '../call/ask.ts';
import { completeRecovering } from '../call/recover.ts';
import type { LocalAbort } from '../internal/abort.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import { attachToError, isChatError } from '../outcome/chat-error.ts';
import type { ChatErrorCode } from '../outcome/error-codes.ts';
import { invalidOptions } from '../outcome/invalid-options.ts';
import type { ChatCompletionWithReport } from '../outcome/with-report.ts';
import { answerWithReport } from '../outcome/with-report.ts';
import type { ChatCompletionCreateParamsBase } from '../schema/request.ts';
import { brokenOff } from '../stream/bad-ends.ts';
import { parseAs } from '../values/parse.ts';
import { waitForCheaperHours } from './cheaper-hours.ts';
import type { BulkPrices, Money } from './money.ts';
import { createMoney } from './money.ts';
import { createNotes } from './notes.ts';
import type { Meter } from './progress.ts';
import { recall, wireOf } from './recall.ts';
import type { ResolvedBulk } from './resolve.ts';
import type { BulkResult } from './types.ts';

/** What a run needs of its client. */
export interface BulkClient extends BulkPrices {
  asker: Asker;
}

/** What was done for an item. */
export interface Worked<Item> {
  result?: BulkResult<Item> | undefined;
  /** What ends the run. */
  error?: unknown;
}

/** What one item fails with, all others would fail with too. */
const endingCodes: readonly ChatErrorCode[] = [
  'invalid_options',
  'missing_api_key',
  'authentication',
  'insufficient_balance',
  'budget_exceeded',
  'aborted',
];

function endsRun({ code, causes = [] }: ChatError): boolean {
  if (code !== 'all_providers_failed') return endingCodes.includes(code);
  return causes.length > 0 && causes.every((cause) => isChatError(cause) && endsRun(cause));
}

/** Works on one item: what it is in the journal, or what is asked for and written there. Never rejects. */
export function createWork<Item>(
  client: BulkClient,
  options: ResolvedBulk,
  meter: Meter,
  stop: LocalAbort,
): (item: Item, index: number) => Promise<Worked<Item>> {
  const notes = createNotes(options);
  const { maxCostUsd, schema, call } = options;
  const money = maxCostUsd === undefined ? undefined : createMoney(maxCostUsd, client);
  const ask = createAsk<Item>(client, options, { meter, stop, money });
  const { maxRepairs: _repairs, ...own } = call ?? {};
  const fromJournal = async (
    key: string | undefined,
  ): Promise<ChatCompletionWithReport | undefined> => {
    const noted = key === undefined ? undefined : await notes?.find(key);
    if (noted === undefined) return undefined;
    money?.paid(noted.report);
    const completion =
      schema === undefined
        ? wholeOf(answerWithReport(noted.completion, noted.report))
        : await recall(noted, schema, client.asker.bound({ ...own, signal: stop }));
    if (completion === undefined) meter.paidBefore(noted.report);
    else meter.done(noted.report, true);
    return completion;
  };
  return async (item, index) => {
    let result: BulkResult<Item> | undefined;
    let isCounted = false;
    try {
      const key = notes?.keyOf(item, index);
      const known = await fromJournal(key);
      isCounted = known !== undefined;
      if (known !== undefined) return { result: { index, item, completion: known } };
      result = await ask(item, index);
      isCounted = true;
      const { completion, error } = result;
      if (error !== undefined) {
        meter.failed(error);
        return endsRun(error) ? { result, error } : { result };
      }
      const { report } = completion;
      meter.done(report, false);
      if (key !== undefined) await notes?.add(key, { completion: wireOf(completion), report });
      return { result };
    } catch (error) {
      if (!isCounted) meter.left();
      // Of the user's own functions, of the journal, or of the limit: the answer that was paid for is given all the same.
      return { result, error };
    }
  };
}

/** An answer, unless it was broken off. Earlier versions wrote such ones down too. */
function wholeOf(completion: ChatCompletionWithReport): ChatCompletionWithReport | undefined {
  return completion.report.completion === 'interrupted' ? undefined : completion;
}

interface Run {
  meter: Meter;
  stop: LocalAbort;
  money: Money | undefined;
}

/** Asks for the answer to an item. @throws ChatError where the limit was reached before anything was sent */
function createAsk<Item>(
  { asker, pricesOf }: BulkClient,
  { params, schema, call, offPeak }: ResolvedBulk,
  { meter, stop, money }: Run,
): (item: Item, index: number) => Promise<BulkResult<Item>> {
  const payer = money === undefined ? asker : money.limit(asker);
  const answer = async (
    asked: ChatCompletionCreateParamsBase,
  ): Promise<ChatCompletionWithReport> => {
    const options = { ...call, signal: stop };
    if (schema !== undefined) return parseAs(schema, payer, { ...asked }, options);
    const { completion } = await completeRecovering(payer, { params: asked, options });
    if (wholeOf(completion) !== undefined) return completion;
    // Nobody looks at each of many answers: half a one is none, and the next run asks again.
    throw attachToError(brokenOff(), { report: completion.report, partial: completion });
  };
  return async (item, index) => {
    const asked = await params(item, index);
    if (schema !== undefined && asked?.response_format != null) {
      const message =
        'The option schema says what answers are: leave response_format out of params';
      throw invalidOptions('schema', message);
    }
    if (offPeak) await waitForCheaperHours(pricesOf(asked?.model), meter, stop);
    try {
      return { index, item, completion: await answer(asked) };
    } catch (error) {
      if (!isChatError(error) || (error.code === 'budget_exceeded' && !error.report)) throw error;
      return { index, item, error: error as ChatError };
    }
  };
}
