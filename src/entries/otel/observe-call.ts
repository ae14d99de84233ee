import type { Context, Span } from '@opentelemetry/api';
import { context, trace } from '@opentelemetry/api';
import type { Attempt, Report } from '../../index.ts';
import { isChatError } from '../../index.ts';
import type { Outcome } from './attributes.ts';
import { errorType, outcomeAttributes, requestAttributes } from './attributes.ts';
import { describeInput, describeOutput } from './content.ts';
import type { Kit } from './kit.ts';
import { quietly } from './kit.ts';
import type { Attributes, SpanLike } from './types.ts';

/** One call that is being recorded. None of it throws. */
export interface ObservedCall {
  /** Runs the call's own work, whose spans become children. */
  within<T>(work: () => T): T;
  /** A chunk has come, of a vendor that is known where there is a report. */
  chunk(report?: Report): void;
  /** Records the end; only the first call counts. */
  settle(outcome: Outcome): void;
  /** The same for what was thrown. */
  fail(error: unknown): void;
}

/** What is known of a call when it begins. */
export interface AskedCall {
  operation: 'chat' | 'text_completion';
  params: unknown;
  isStream: boolean;
  /** Epoch milliseconds. @default now */
  startedAt?: number | undefined;
  /** In which the call's span becomes a child. @default the active one */
  parent?: Context | undefined;
}

/** Options of a span that is not itself a remote call: `SpanKind.INTERNAL`. */
export const internal = (startTime = Date.now()) => ({ kind: 0, startTime });

// `SpanKind.CLIENT` and `SpanStatusCode.ERROR` of `@opentelemetry/api`.
const clientKind = 2;
const errorStatus = 2;
const defaultModel = 'deepseek-v4-flash';

/** Begins the span of a call. */
export function observeCall(
  kit: Kit,
  { operation, params, isStream, parent, startedAt = Date.now() }: AskedCall,
): ObservedCall {
  const { names, meters } = kit;
  const asked = (typeof params === 'object' && params !== null ? params : {}) as {
    model?: unknown;
  };
  const model = typeof asked.model === 'string' ? asked.model : defaultModel;
  const began = performance.now() - (Date.now() - startedAt);
  const outer = parent ?? context.active();
  const span = quietly(() =>
    startSpan(kit, { operation, asked, model, isStream, startedAt }, outer),
  );
  const inner = span && quietly(() => trace.setSpan(outer, span as unknown as Span));
  const base = { [names.operation]: operation, [names.requestModel]: model };
  let lastChunk: number | undefined;
  let firstChunk: number | undefined;
  let ofChunks: Attributes | undefined;
  let isSettled = false;

  const settle = (outcome: Outcome): void => {
    if (isSettled) return;
    isSettled = true;
    const { report } = outcome;
    const { startedAt: sent, totalMs } = report?.timings ?? {};
    const reportedEnd = sent !== undefined && totalMs !== undefined ? sent + totalMs : 0;
    const endedAt = reportedEnd >= startedAt ? reportedEnd : startedAt + performance.now() - began;
    const { provider } = report ?? {};
    const server = quietly(() => (provider === undefined ? {} : kit.serverOf(provider))) ?? {};
    quietly(() => span && endSpan(kit, { span, outcome, server, firstChunk, inner, endedAt }));
    quietly(() =>
      measure(kit, { outcome, attributes: { ...base, ...server }, startedAt, endedAt }),
    );
  };

  return {
    within: (work) => (inner === undefined ? work() : context.with(inner, work)),
    chunk(report) {
      const now = performance.now();
      quietly(() => {
        ofChunks ??= { ...base, ...(report && vendorOf(kit, report.provider)) };
        if (lastChunk === undefined) {
          firstChunk = (now - began) / 1_000;
          meters.firstChunk.record(firstChunk, ofChunks);
        } else meters.perChunk.record((now - lastChunk) / 1_000, ofChunks);
      });
      lastChunk = now;
    },
    settle,
    fail(error) {
      const { report, partial } = isChatError(error) ? error : {};
      settle({ ...partial, report, error });
    },
  };
}

function vendorOf({ names, serverOf }: Kit, provider: string): Attributes {
  return { [names.provider]: provider, ...serverOf(provider) };
}

function startSpan(
  { tracer, names, redact }: Kit,
  about: { operation: string; asked: object; model: string; isStream: boolean; startedAt: number },
  outer: Context,
): SpanLike {
  const { operation, asked, model, isStream, startedAt } = about;
  const input = redact && describeInput(asked, redact);
  const attributes: Attributes = {
    [names.operation]: operation,
    [names.requestModel]: model,
    [names.stream]: isStream,
    ...requestAttributes(asked, names),
    ...(input !== undefined && { [names.inputMessages]: input }),
  };
  const options = { kind: clientKind, startTime: startedAt, attributes };
  return tracer.startSpan(`${operation} ${model}`, options, outer as never);
}

interface Ending {
  span: SpanLike;
  outcome: Outcome;
  server: Attributes;
  firstChunk: number | undefined;
  inner: Context | undefined;
  endedAt: number;
}

function endSpan(kit: Kit, { span, outcome, server, firstChunk, inner, endedAt }: Ending): void {
  const { names, redact } = kit;
  try {
    const { report, choices, error } = outcome;
    for (const attempt of report?.attempts ?? []) {
      recordAttempt(
        kit,
        attempt,
        { ...server, [names.provider]: providerOf(attempt, report) },
        inner,
      );
    }
    const output = redact && choices && describeOutput(choices, redact);
    span.setAttributes({
      ...outcomeAttributes(outcome, names),
      ...server,
      ...(firstChunk !== undefined && { [names.firstChunk]: firstChunk }),
      ...(output !== undefined && { [names.outputMessages]: output }),
    });
    if (error !== undefined) span.setStatus(failed(error));
  } finally {
    span.end(endedAt);
  }
}

/** Our messages hold no key, no prompt and no answer; anybody else's may. */
export function failed(error: unknown): { code: number; message: string } {
  return { code: errorStatus, message: isChatError(error) ? error.message : '' };
}

/** Known for each attempt where there are several vendors. */
function providerOf(attempt: Attempt, report: Report | undefined): string {
  return (attempt as { provider?: string | undefined }).provider ?? report?.provider ?? '';
}

function recordAttempt(
  kit: Kit,
  attempt: Attempt,
  base: Attributes,
  inner: Context | undefined,
): void {
  const { tracer, names } = kit;
  const { number, startedAt, durationMs, status, error, phase, requestId, billed } = attempt;
  const attributes: Attributes = {
    ...base,
    [names.attempt]: number,
    ...(status !== undefined && { [names.status]: status }),
    ...(requestId !== undefined && { [names.requestId]: requestId }),
    ...(error !== undefined && { [names.errorType]: error }),
    ...(phase !== undefined && { [names.timeoutPhase]: phase }),
    ...(billed !== undefined && { [names.attemptBilled]: billed }),
  };
  const options = { ...internal(startedAt), attributes };
  const span = tracer.startSpan(`attempt ${number}`, options, inner as never);
  if (error !== undefined) span.setStatus({ code: errorStatus, message: '' });
  span.end(startedAt + durationMs);
}

interface Measured {
  outcome: Outcome;
  attributes: Attributes;
  startedAt: number;
  endedAt: number;
}

function measure(
  { meters, names }: Kit,
  { outcome, attributes, startedAt, endedAt }: Measured,
): void {
  const { report, model, error } = outcome;
  const all: Attributes = {
    ...attributes,
    ...(report && { [names.provider]: report.provider }),
    ...(model && { [names.responseModel]: model }),
  };
  const type = errorType(error);
  const ofEnd = type === undefined ? all : { ...all, [names.errorType]: type };
  meters.duration.record((endedAt - startedAt) / 1_000, ofEnd);
  const { prompt_tokens: input, completion_tokens: output } = report?.usage ?? {};
  const typed = (kind: string): Attributes =>
    names.hasTokenType ? { ...all, [names.tokenType]: kind } : all;
  if (input !== undefined) meters.inputTokens.record(input, typed('input'));
  if (output !== undefined) meters.outputTokens.record(output, typed('output'));
  if (report?.cost !== undefined) meters.cost.add(Number(report.cost.usd), all);
}
