import { isPending } from '../internal/pending.ts';
import type { Asked } from '../call/ask.ts';
import type { ChatError } from '../outcome/chat-error.ts';
import { isChatError } from '../outcome/chat-error.ts';
import type { Adjustment, Report } from '../outcome/report.ts';
import type { ReportIssue } from '../schema/issue.ts';
import { firstReturn } from '../traffic/first-return.ts';
import type { Pass } from '../traffic/vendor-breaker.ts';
import type { VendorCall, VendorTraffic } from '../traffic/vendor-traffic.ts';
import { Bounds } from './bounds.ts';
import { freeFirst, orderOfCall } from './call-order.ts';
import type { Candidate } from './candidate.ts';
import { noneLeft } from './ends.ts';
import { generationSwitch, isClamped, refusedSwitch } from './fit.ts';
import { warnLeftOut } from './left-out.ts';
import type { MayServe, Turn } from './turn.ts';
import { verdictOn } from './moves-on.ts';
import { inListOrder } from './order.ts';
import { noteOverspent, pay, reserve } from './purse.ts';
import { Rounds } from './rounds.ts';
import type { FailoverRules } from './rules.ts';
import type { Reserved, Spending } from './spending.ts';

/** Which vendors have their turn in a call, and in what order: round after round, until one answers or none is left. */
export class Route {
  readonly rules: FailoverRules;
  readonly bounds: Bounds;
  /** Reports of the turns that came to nothing. */
  readonly earlier: Report[] = [];
  readonly issues: ReportIssue[] = [];
  /** How many of those came before the turn whose report is the call's; absent: all. */
  place: number | undefined = undefined;
  queuedMs = 0;
  readonly #asked: Asked;
  readonly #causes: ChatError[] = [];
  readonly #counted: Report[] = [];
  readonly #rounds = new Rounds();
  /** When a wait for vendors that are left alone is over. */
  #waitsUntilMs: number | undefined = undefined;
  #spending: Spending | undefined = undefined;

  constructor(rules: FailoverRules, asked: Asked, kind: 'streamed' | 'whole') {
    this.rules = rules;
    this.bounds = new Bounds(rules, asked.options, kind);
    this.#asked = asked;
  }

  /** The first vendor at once, where it is well and nothing has to be waited for: most calls need no more. */
  first(): Turn | undefined {
    this.bounds.throwIfEnded();
    const { order, candidates, spending } = this.rules;
    const [candidate] = candidates;
    const { refusal, own } = this.bounds.settings;
    if (this.#rounds.hasBegun || order !== inListOrder || refusal !== undefined) return undefined;
    const { answeredBy = candidate.name } = this.#asked.run ?? {};
    if (
      answeredBy !== candidate.name ||
      spending({ options: own, run: this.#asked.run }) !== undefined
    )
      return undefined;
    // Nothing has happened since, and a look at the clock is dearer than most of this.
    const { startedAtMs } = this.bounds;
    const call = candidate.traffic.callNow(this.bounds.endsAtMs, startedAtMs);
    if (call === undefined) return undefined;
    this.#rounds.begin(candidates, 1);
    return this.#turnOf(candidate, call, undefined, startedAtMs);
  }

  /** The next vendor, after those before it have failed. @throws ChatError if there is none left */
  async next(mayServe: MayServe = anyone): Promise<Turn> {
    for (;;) {
      this.bounds.throwIfEnded();
      const turn = await this.another(mayServe);
      if (turn !== undefined) return turn;
      if (await this.#rounds.next(this.bounds, this.rules.clock.now())) continue;
      const back = await this.#firstToReturn(mayServe);
      if (back !== undefined) return back;
    }
  }

  /** The next vendor of this round that can be called now. Where another one has room, nobody queues. */
  async another(mayServe: MayServe = anyone): Promise<Turn | undefined> {
    if (!this.#rounds.hasBegun) this.#rounds.begin(await this.#begin());
    for (const candidate of freeFirst(this.#rounds.left(mayServe))) {
      const { traffic } = candidate;
      const admission = traffic.admit(this.rules.clock.now());
      const isLater = isPending(admission);
      const pass = isLater ? await this.bounds.holding(admission, traffic.giveBack) : admission;
      if (!pass.isAdmitted) continue;
      const turn = await this.#enter(candidate, pass);
      if (turn !== undefined) return turn;
    }
    return undefined;
  }

  /** A turn gave the answer. */
  won({ candidate, call, reserved }: Turn, report: Report): void {
    call.succeeded();
    noteOverspent(reserved, report);
    pay(reserved, report);
    this.#count(candidate, report);
    this.rules.totals.addCall(candidate.name);
    const { run } = this.#asked;
    if (run !== undefined) run.answeredBy = candidate.name;
  }

  /** A turn came to nothing. @throws ChatError what ends the call, whoever else there is */
  failed(turn: Turn, cause: unknown): void {
    const { candidate, call } = turn;
    if (!isChatError(cause)) {
      call.left();
      throw cause;
    }
    const error = cause as ChatError;
    call.failed(error);
    this.#keep(turn, error.report);
    // Nothing was sent there.
    if (this.#rounds.isKept(candidate)) return;
    this.#rounds.failed(candidate);
    this.#countFailure(error.report);
    const verdict = verdictOn(error);
    if (verdict === 'over') throw this.bounds.ofWholeCall(error);
    this.#leaveOut(candidate, error);
    if (verdict === 'again') this.#rounds.again(candidate, error);
  }

  /** A turn that had begun to answer ended with the call. */
  broke(turn: Turn, report: Report, error: ChatError): void {
    turn.call.failed(error);
    this.#keep(turn, report);
    this.#countFailure(report);
  }

  /** A turn that is not wanted any more: another vendor was faster. */
  lost(turn: Turn, report: Report | undefined): void {
    turn.call.left();
    this.#keep(turn, report);
  }

  /** A turn that came too late: nothing was sent, so nothing of what was set aside is spent. */
  unused({ call, reserved }: Turn): void {
    call.left();
    pay(reserved, { attempts: [] });
  }

  /** A report is that of the call now, and not of a turn before. */
  forget(report: Report): void {
    const index = this.earlier.indexOf(report);
    if (index < 0) return;
    this.earlier.splice(index, 1);
    this.place = index;
  }

  /** The differences between what was asked and what this vendor gives, beside those that its encoder tells. */
  adjustments({ candidate }: Turn): readonly Adjustment[] | undefined {
    return this.#switchTo(candidate);
  }

  #countFailure(report: Report | undefined): void {
    if (report !== undefined && report.attempts.length > 0) this.rules.hedge?.budget.failed();
  }

  #keep({ candidate, reserved }: Turn, report: Report | undefined): void {
    if (report !== undefined) noteOverspent(reserved, report);
    pay(reserved, report);
    if (report === undefined) return;
    this.earlier.push(report);
    this.#count(candidate, report);
  }

  /** Once: an answer that broke off is the call's after all where there is no better one. */
  #count({ name }: Candidate, report: Report): void {
    if (this.#counted.includes(report)) return;
    this.#counted.push(report);
    this.rules.totals.addTurn(name, report);
  }

  /** The candidates in order. @throws ChatError `invalid_options` */
  async #begin(): Promise<readonly Candidate[]> {
    const { refusal, own } = this.bounds.settings;
    if (refusal !== undefined) throw refusal;
    this.#spending = this.rules.spending({ options: own, run: this.#asked.run });
    return orderOfCall(this.rules, this.bounds, this.#asked);
  }

  async #enter(candidate: Candidate, pass: Pass): Promise<Turn | undefined> {
    const { traffic } = candidate;
    this.#rounds.take(candidate);
    const [change] = this.#switchTo(candidate) ?? [];
    if (change !== undefined && this.rules.onUnsupported === 'error') {
      traffic.giveBack(pass);
      this.#leaveOut(candidate, refusedSwitch(candidate, change));
      return undefined;
    }
    const isFree = !this.rules.isShared && traffic.hasRoom();
    const signal = isFree ? undefined : this.bounds.signal;
    const entered = traffic.enter(pass, { signal, endsAtMs: this.bounds.endsAtMs });
    const call = isPending(entered)
      ? await this.bounds.holding(entered, (late) => late?.left())
      : entered;
    if (call === undefined) {
      // It was left alone while the call queued for it.
      if (traffic.health().state !== 'closed') this.#rounds.putBack(candidate);
      return undefined;
    }
    this.queuedMs += call.queuedMs;
    const reserved = this.#spending && (await this.#setAside(this.#spending, candidate, call));
    if (isChatError(reserved)) {
      call.left();
      this.#leaveOut(candidate, reserved as ChatError);
      return undefined;
    }
    return this.#turnOf(candidate, call, reserved);
  }

  #turnOf(
    candidate: Candidate,
    call: VendorCall,
    reserved: Reserved | undefined,
    startedAtMs = this.rules.clock.now(),
  ): Turn {
    const moneyIssue = reserved && this.rules.spendIssue();
    if (call.issue !== undefined) this.issues.push(call.issue);
    if (moneyIssue !== undefined) this.issues.push(moneyIssue);
    const asked = this.#askedOf(candidate, startedAtMs);
    return { candidate, asked, call, startedAtMs, reserved };
  }

  /** Money for a turn. It may take its time, as a user's own counter of tokens or a shared ledger does. */
  async #setAside(spending: Spending, candidate: Candidate, call: VendorCall) {
    const work = reserve(spending, candidate, this.#asked.params);
    try {
      return await this.bounds.holding(work, (late) => {
        if (!isChatError(late)) pay(late, { attempts: [] });
      });
    } catch (error) {
      call.left();
      throw error;
    }
  }

  /** What the user is told of a vendor that serves another generation than the first one. */
  #switchTo(candidate: Candidate): [Adjustment] | undefined {
    const [first] = this.rules.candidates;
    if (candidate === first) return undefined;
    const change = generationSwitch(candidate, first, this.#asked.params);
    return change && [change];
  }

  #askedOf(candidate: Candidate, nowMs: number): Asked {
    const refuses = (adjustment: Adjustment): boolean =>
      isClamped(adjustment) && this.#rounds.keepsWhole(candidate);
    const { params, options, isValidated, opensWithContent, begun, run, prepare } = this.#asked;
    // An object that is spread costs more than all else here.
    return {
      params,
      options: this.bounds.optionsLeft(options, nowMs),
      isValidated,
      opensWithContent,
      refuses,
      begun,
      run,
      prepare,
    } satisfies Record<keyof Asked, unknown>;
  }

  #leaveOut({ name }: Candidate, error: ChatError): void {
    if (error.code === 'missing_api_key') warnLeftOut(name, error.message);
    this.#causes.push(error);
  }

  /** Those that are left are left alone for now: the first one that comes back is asked. @throws ChatError if none does */
  async #firstToReturn(mayServe: MayServe): Promise<Turn | undefined> {
    const { clock, maxWaitMs, candidates } = this.rules;
    const left = this.#rounds.left(mayServe);
    this.#waitsUntilMs ??= clock.now() + maxWaitMs;
    const traffics = left.map(({ traffic }) => traffic);
    const of = (traffic: VendorTraffic) => left[traffics.indexOf(traffic)] as Candidate;
    const { endsAtMs, signal } = this.bounds;
    const waiting = firstReturn(
      traffics,
      { signal, endsAtMs: Math.min(endsAtMs, this.#waitsUntilMs) },
      clock,
      (traffic, refusal) => this.#rounds.isWorthIt(of(traffic), refusal),
    );
    const back = await this.bounds.holding(waiting, (late) => {
      if ('pass' in late) late.vendor.giveBack(late.pass);
    });
    if ('pass' in back) return this.#enter(of(back.vendor), back.pass);
    throw noneLeft(this.#causes, {
      isAlone: candidates.length === 1,
      leftAlone: left.map(({ name }) => name),
      againInMs: back.againAtMs - clock.now(),
    });
  }
}

const anyone: MayServe = () => true;
