import type { CallContext } from './call.ts';
import type { CompletionStream } from './completion-stream.ts';
import type { Asked } from './ask.ts';
import { complete, stream } from './ask.ts';
import type { RequestOptions, ResolvedOptions } from '../options/options.ts';
import type { ReadyRequest } from '../request/prepare.ts';
import { withoutHalves } from '../request/half-pairs.ts';
import { notOffered, post } from '../request/prepare.ts';
import { decodeText, decodeTextChunk, encodeText } from '../dialect/fill.ts';
import type { Report } from '../outcome/report.ts';
import { invalidRequest } from '../outcome/invalid-request.ts';
import type { FinishReason } from '../schema/response.ts';
import { createJudge } from '../schema/judge.ts';
import type { Completion, CompletionCreateParams, CompletionLogprobs } from '../schema/fill.ts';
import type { CompletionWithReport } from '../outcome/with-report.ts';
import { completionInput } from '../schema/fill.ts';
import { ChatStream, standInFor } from '../stream/chat-stream.ts';
import { withReport } from '../outcome/with-report.ts';

/** Fills a gap, whole. */
export async function completeText(
  context: CallContext,
  params: unknown,
  options: RequestOptions<unknown> | null | undefined,
): Promise<CompletionWithReport> {
  return toText(await complete(asText(context), { params, options, prepare: prepareText }));
}

/** Fills a gap, piece by piece. Resolves with the response head. */
export async function streamText(
  context: CallContext,
  params: object,
  options: RequestOptions<unknown> | null | undefined,
): Promise<CompletionStream> {
  const asked: Asked = { params, options, prepare: prepareText };
  return asCompletionStream(await new ChatStream(stream(asText(context), asked)).opened());
}

function asText(context: CallContext): CallContext {
  const { options } = context;
  const provider = {
    ...options.provider,
    decode: decodeText,
    decodeChunk: decodeTextChunk,
    isPlainChunk: undefined,
  };
  return { ...context, options: { ...options, provider } };
}

const judgeCompletion = /* @__PURE__ */ createJudge(completionInput);

/** @throws ChatError `unsupported`, `invalid_request` */
function prepareText(
  options: ResolvedOptions,
  params: unknown,
  requestOptions: RequestOptions<unknown>,
): ReadyRequest {
  const { provider } = options;
  const { profile } = provider;
  const url = options.urls.fill;
  if (profile.fim === undefined || url === undefined)
    throw notOffered(provider, 'filling in the middle');
  const checked = judgeCompletion(params);
  if (!checked.ok) throw invalidRequest(checked.issues);
  const own = requestOptions.providerOptions as Record<string, unknown> | undefined;
  if (own?.[provider.id] != null) {
    const message =
      'are for chats only: this vendor documents no options of its own for filling in the middle';
    throw invalidRequest([{ path: `providerOptions.${provider.id}`, message }]);
  }
  const { value: given, adjustments: mended } = withoutHalves(
    checked.value as CompletionCreateParams,
    '',
  );
  refuseContradictions(given);
  const { body, adjustments } = encodeText(given, profile);
  // DeepSeek fills gaps without thinking.
  return post(options, requestOptions, url, {
    body,
    adjustments: [...mended, ...adjustments],
    issues: [],
    thinking: { asked: 'disabled', seen: false },
  });
}

function refuseContradictions({
  echo,
  suffix,
  logprobs,
  stream: isStream,
}: CompletionCreateParams): void {
  const rules: [broken: boolean, path: string, message: string][] = [
    [!!echo && suffix != null, 'echo', 'cannot be combined with `suffix`'],
    [!!echo && logprobs != null, 'echo', 'cannot be combined with `logprobs`'],
    [!!isStream && logprobs != null, 'logprobs', 'cannot be combined with `stream: true`'],
  ];
  const broken = rules.filter(([isBroken]) => isBroken);
  if (broken.length > 0)
    throw invalidRequest(broken.map(([, path, message]) => ({ path, message })));
}

/** What a chat's answer, or a piece of one, and ours have in common. */
interface ChatLike {
  choices: readonly {
    index: number;
    finish_reason: FinishReason;
    message?: { content: string | null } | undefined;
    delta?: { content?: string | null | undefined } | undefined;
  }[];
}

function toTextChoices({ choices }: ChatLike): Completion['choices'] {
  return choices.map(({ message, delta, index, finish_reason, ...rest }) => {
    const { text_logprobs } = rest as { text_logprobs?: CompletionLogprobs };
    const text = message?.content ?? delta?.content ?? '';
    return { index, text, finish_reason, ...(text_logprobs && { logprobs: text_logprobs }) };
  });
}

function toText<T extends ChatLike & Omit<Completion, 'object' | 'choices'>>(
  chat: T & { readonly report: Report },
): CompletionWithReport {
  // The usage of a whole answer has been counted.
  return withReport(toPiece(chat), chat.report) as CompletionWithReport;
}

function toPiece(chat: ChatLike & Omit<Completion, 'object' | 'choices'>): Completion {
  return { ...chat, object: 'text_completion', choices: toTextChoices(chat) };
}

function asCompletionStream(chat: ChatStream): CompletionStream {
  const texts: CompletionStream = {
    report: chat.report,
    [Symbol.asyncIterator]() {
      const chunks = chat[Symbol.asyncIterator]();
      return {
        async next() {
          const step = await chunks.next();
          return step.done ? step : { done: false, value: toPiece(step.value) };
        },
        async return() {
          await chunks.return?.();
          return { done: true, value: undefined };
        },
      };
    },
    text: () => chat.text(),
    finalCompletion: async () => toText(await chat.finalCompletion()),
    abort: () => chat.abort(),
  };
  standInFor(chat, texts);
  return texts;
}
