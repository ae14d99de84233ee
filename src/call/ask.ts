import type { Call, CallContext } from './call.ts';
import { createCall } from './call.ts';
import type { Lifetime } from './lifetime.ts';
import type { Bound } from './within-call.ts';
import type { CompletionStream } from './completion-stream.ts';
import { attachToError } from '../outcome/chat-error.ts';
import type { RequestOptions, ResolvedOptions } from '../options/options.ts';
import type { Adjustment, Report } from '../outcome/report.ts';
import type { PreparedRequest, ReadyRequest } from '../request/prepare.ts';
import type { Balance, ModelList } from '../schema/account.ts';
import { notAsItIs, prepare, prepareGet } from '../request/prepare.ts';
import { readAnswer, readCompletion } from './read-answer.ts';
import type { CountedBudget } from '../cost/budget.ts';
import type { ChatCompletion, DecodedCompletion } from '../schema/response.ts';
import type { ChatCompletionWithReport, CompletionWithReport } from '../outcome/with-report.ts';
import { StreamSource } from './stream-source.ts';
import { Accumulator } from '../stream/accumulate.ts';
import { unfinished } from '../stream/bad-ends.ts';
import type { StreamedCall } from '../stream/streamed-call.ts';
import { answerWithReport } from '../outcome/with-report.ts';
import { splitThinkTags } from '../stream/think-tags.ts';
import { warnOnce } from '../outcome/warn.ts';

type Options = RequestOptions<unknown> | null | undefined;

/** What one call is asked for, and what the client knows about it beside the parameters. */
export interface Asked {
  params: unknown;
  options: Options;
  /** The answer is going to be held to its schema here. */
  isValidated?: boolean | undefined;
  /** Streamed: it is open once the first of the answer is here, and not with the response head. */
  opensWithContent?: boolean | undefined;
  /** Adjustments that must not be made: the request is refused instead, because another vendor may accept it unchanged. */
  refuses?: ((adjustment: Adjustment) => boolean) | undefined;
  /** The answer that is to be gone on with. */
  begun?: Accumulator | undefined;
  /** Answers that follow each other are better given by one vendor, whose cache holds what was said before. */
  run?: Run | undefined;
  /** Prepares requests that are not chats but are sent and read like them. */
  prepare?: typeof prepare | undefined;
}

/** What requests that belong together share. */
export interface Run {
  answeredBy?: string | undefined;
  /** What is left of the caller's own limit of money, once the first one has been asked for. */
  budget?: CountedBudget | undefined;
}

/**
 * Whoever can be asked for answers. Typed values and tool runs are written against this and know no vendor: what depends on
 * one is decided when a request is encoded for it.
 */
export interface Asker {
  /** A whole answer. */
  complete(asked: Asked): Promise<ChatCompletionWithReport>;
  /** A streamed answer, returned at once; a failure before it is thrown while reading. The creator of its `ChatStream` sends it. */
  stream(asked: Asked): StreamedCall;
  /** Exactly what would be sent. Sends nothing. */
  prepare(params: unknown, options: Options): PreparedRequest;
  /** What belongs into a gap, whole or as a stream, by `stream` of the parameters. */
  fill(params: unknown, options: Options): Promise<CompletionWithReport | CompletionStream>;
  models(options: Options): Promise<ModelList>;
  balance(options: Options): Promise<Balance>;
  /** The request with less thinking, after all tokens went into it; `undefined` if that is not wanted or not offered. */
  withLessThinking(asked: Asked, report: Report): Record<string, unknown> | undefined;
  /** The bounds of a run of several calls: the caller's signal and deadline, and the end of the client. */
  begin(options: Options): Lifetime;
  /** The bounds of what is done with an answer: those of its call, each time anew. */
  bound(options: Options): Bound;
}

/** A whole answer: validate → encode → send → read → decode. */
export async function complete(
  context: CallContext,
  asked: Asked,
): Promise<ChatCompletionWithReport> {
  const call = createCall(context, asked.options, 'whole');
  try {
    const request = begin(context.options, call, asked);
    const completion = await call.attempts.run(async (scope) => {
      const response = await call.send(request.http, scope);
      const completion = await readCompletion(response, call, context.options);
      return checkCompletion(completion, context.options);
    });
    call.succeed(completion);
    // Its usage has been counted by now.
    return answerWithReport(completion as ChatCompletion, call.report);
  } catch (error) {
    throw call.fail(error);
  }
}

/** A streamed answer: the same path, but the consumer pulls the chunks. */
export function stream(context: CallContext, asked: Asked): StreamedCall {
  const { options } = context;
  const call = createCall(context, asked.options, 'streamed');
  const { responseBytes, logprobBytes } = options.limits;
  const { logprobs } = (asked.params ?? {}) as { logprobs?: unknown };
  const limits = {
    ...options.limits,
    logprobBytes: logprobs === true ? logprobBytes : responseBytes,
  };
  const accumulator =
    asked.begun ?? new Accumulator(limits, options.provider.profile.finishReasons);
  return {
    source: new StreamSource(
      call,
      options,
      accumulator,
      () => begin(options, call, asked),
      asked.opensWithContent,
    ),
    report: call.report,
    unreadMs: call.unreadMs,
  };
}

/** Prepares the request, and records and warns about what was changed. */
function begin(
  options: ResolvedOptions,
  { report, note, own, prepared, throwRefusal }: Call,
  asked: Asked,
): ReadyRequest {
  throwRefusal();
  const ready = asked.prepare ?? prepare;
  const request = ready(options, asked.params, own, asked.isValidated);
  report.model = request.model;
  report.thinking = request.thinking;
  const { provider, body, adjustments } = request.prepared;
  const refused = asked.refuses && adjustments.find(asked.refuses);
  if (refused !== undefined) throw notAsItIs(options, refused);
  prepared({ body, http: request.http });
  for (const adjustment of adjustments) report.adjustments.push(adjustment);
  request.issues.forEach(note);
  if (options.onUnsupported === 'warn') warnOnce(provider, adjustments);
  return request;
}

/** @throws ChatError `stream_interrupted` for an answer that does not say why it ended */
function checkCompletion(
  decoded: DecodedCompletion,
  { splitThinkTags: splits }: ResolvedOptions,
): DecodedCompletion {
  const completion = splits ? splitThinkTags(decoded) : decoded;
  if (completion.choices.some(({ finish_reason }) => finish_reason === null)) {
    throw attachToError(unfinished('answer'), { partial: completion });
  }
  return completion;
}

/** A call without a body. */
export async function get<T>(
  context: CallContext,
  url: string | undefined,
  what: string,
  decode: (body: unknown) => T,
  requestOptions?: RequestOptions<unknown> | null,
): Promise<T> {
  const call = createCall(context, requestOptions, 'whole');
  try {
    call.throwRefusal();
    const request = prepareGet(context.options, url, what, call.own);
    const answer = await call.attempts.run(async (scope) => {
      const response = await call.send(request, scope);
      return decode(await readAnswer(response, call, context.options));
    });
    call.succeed();
    return answer;
  } catch (error) {
    throw call.fail(error);
  }
}
