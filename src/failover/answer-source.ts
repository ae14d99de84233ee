import type { Asked } from '../call/ask.ts';
import { startReport } from '../call/call-parts.ts';
import { LocalAbort } from '../internal/abort.ts';
import type { AbortSignalLike } from '../internal/web.ts';
import { attachToError, ChatError, isChatError } from '../outcome/chat-error.ts';
import type { Report } from '../outcome/report.ts';
import { brokenOff, unfinished } from '../stream/bad-ends.ts';
import type { ChunkReading, ChunkSource, StreamOutcome } from '../stream/chunk-source.ts';
import type { StreamedCall } from '../stream/streamed-call.ts';
import type { Candidate } from './candidate.ts';
import { continued } from './continue.ts';
import { metered } from './metered-reading.ts';
import { outrun } from './ends.ts';
import { verdictOn } from './moves-on.ts';
import type { Turn } from './turn.ts';
import { Route } from './route.ts';
import type { FailoverRules } from './rules.ts';
import type { Entry, Won } from './entry.ts';
import { run } from './run.ts';
import { failWith, settle } from './settle.ts';

/** A vendor's stream that has begun to answer. */
interface Opened {
  call: StreamedCall;
  reading: ChunkReading;
}

/** Where a stream's chunks come from when several vendors may give them: from the first one that begins to answer. */
export class AnswerSource implements ChunkSource {
  readonly #stop = new LocalAbort();
  readonly signal: AbortSignalLike = this.#stop;
  /** Grows into that of the vendor whose answer counts. */
  readonly report: Report;
  readonly #rules: FailoverRules;
  readonly #asked: Asked;
  readonly #route: Route;
  #current: Won<Opened> | undefined = undefined;
  /** Streams that are being opened. */
  readonly #opening = new Set<StreamedCall>();
  readonly #follow = (): void => {
    const reason: unknown = this.#current?.value.call.source.signal.reason;
    this.#stop.abort(this.#route.bounds.ofWholeCall(reason));
  };

  constructor(rules: FailoverRules, asked: Asked) {
    this.#rules = rules;
    this.#asked = asked;
    this.#route = new Route(rules, asked, 'streamed');
    this.report = startReport(rules.candidates[0].provider);
    this.report.timings.startedAt = this.#route.bounds.startedAtMs;
  }

  get unreadMs(): number {
    return this.#route.bounds.settings.unreadMs;
  }

  async open(): Promise<ChunkReading> {
    const first = this.#route.first();
    return this.#use(await run(this.#route, (turn) => this.#begin(turn, turn.asked), first));
  }

  async replace(cause: unknown, mayReset: boolean): Promise<ChunkReading | undefined> {
    const { onInterrupted } = this.#rules;
    const broken = this.#current;
    if (onInterrupted === 'error' || broken === undefined) return undefined;
    const { reading } = broken.value;
    const error = breakOf(cause, reading);
    if (error === undefined || verdictOn(error) === 'over') return undefined;
    const goOn = onInterrupted === 'continue' ? continued(this.#asked.params, reading) : undefined;
    const mayServe = ({ canContinue }: Candidate): boolean =>
      mayReset || (goOn !== undefined && canContinue);
    if (!this.#rules.candidates.some(mayServe)) return undefined;
    this.#leave(broken, error);
    const next = await run(
      this.#route,
      (turn) =>
        this.#begin(
          turn,
          goOn !== undefined && turn.candidate.canContinue
            ? { ...turn.asked, params: goOn, begun: reading.accumulator }
            : turn.asked,
        ),
      undefined,
      mayServe,
    );
    return this.#use(next);
  }

  cancel(error: ChatError): void {
    this.#stop.abort(error);
    this.#route.bounds.abort(error);
    for (const call of this.#opening) call.source.cancel(error);
    this.#current?.value.call.source.cancel(error);
  }

  settle(outcome: StreamOutcome): void {
    const current = this.#current;
    this.#detach();
    current?.value.call.source.settle(outcome);
    if ('completion' in outcome && current !== undefined) {
      const { turn, value } = current;
      this.#route.won(turn, value.call.report);
      this.#adopt(value.call.report);
      settle(this.#route, turn, this.report);
      this.#route.bounds.end();
    } else if ('error' in outcome) {
      if (current !== undefined)
        this.#route.broke(current.turn, current.value.call.report, outcome.error);
      const last = this.#route.earlier.pop();
      if (last !== undefined) this.#adopt(last);
      failWith(this.#route, outcome.error, this.report);
    }
  }

  #begin(turn: Turn, asked: Asked): Entry<Opened> {
    const call = turn.candidate.asker.stream({ ...asked, opensWithContent: true });
    this.#opening.add(call);
    const result = call.source
      .open()
      .then(
        (reading) => {
          turn.call.firstContent(this.#rules.clock.now() - turn.startedAtMs);
          return { call, reading };
        },
        (cause: unknown) => {
          const error = isChatError(cause)
            ? (cause as ChatError)
            : new ChatError('invalid_response', 'The stream could not be opened', { cause });
          call.source.settle({ error });
          throw error;
        },
      )
      .finally(() => this.#opening.delete(call));
    return {
      result,
      cancel: (error) => call.source.cancel(error),
      discard() {
        call.source.settle({ error: outrun() });
        return call.report;
      },
    };
  }

  #use(won: Won<Opened>): ChunkReading {
    const { call, reading } = won.value;
    this.#current = won;
    call.source.signal.addEventListener('abort', this.#follow);
    if (call.source.signal.aborted) this.#follow();
    this.#adopt(call.report);
    return metered(reading, won.turn.reserved);
  }

  /** An answer that broke off counts no more. */
  #leave({ turn, value: { call, reading } }: Won<Opened>, error: ChatError): void {
    this.#detach();
    attachToError(error, { partial: reading.accumulator.rescue(reading.note) });
    call.source.cancel(error);
    call.source.settle({ error });
    attachToError(error, { report: call.report });
    this.#route.failed(turn, error);
    const message = `the answer of ${turn.candidate.name} broke off (${error.code})`;
    this.#route.issues.push({ code: 'restarted', message });
  }

  #detach(): void {
    this.#current?.value.call.source.signal.removeEventListener('abort', this.#follow);
    this.#current = undefined;
  }

  /** Makes the report that the reader has what the vendor's has come to; its times count from the start of the call. */
  #adopt(report: Report): void {
    const { startedAtMs } = this.#route.bounds;
    const { timings } = this.report;
    // What the vendor before it has told does not hold for this one. What is not there stays untouched: an object that
    // something was deleted from is slow.
    for (const name of optionalFields) {
      if (this.report[name] !== undefined) delete this.report[name];
    }
    Object.assign(this.report, report, { attempts: [...report.attempts], timings });
    const { headersMs, startedAt } = report.timings;
    if (headersMs !== undefined) timings.headersMs = headersMs + startedAt - startedAtMs;
  }
}

const optionalFields = ['requestId', 'usage', 'cost', 'thinking'] as const;

/** What broke an answer off; `undefined` if it did not. */
function breakOf(cause: unknown, { accumulator }: ChunkReading): ChatError | undefined {
  if (accumulator.brokeOff) return brokenOff();
  // What is wrong behind its end is no reason to ask again.
  if (accumulator.complete) return undefined;
  if (cause === undefined) return unfinished('stream');
  return isChatError(cause) ? (cause as ChatError) : undefined;
}
