import type { Adjustment } from '../outcome/report.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { DecodedChunk, StreamMemory } from '../schema/chunk.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import type { CompletionCreateParams } from '../schema/fill.ts';
import type { EncodedRequest, Profile } from './profile.ts';
import { decode, decodeChunk } from './decode.ts';
import { defaultModel, findModel, modelAdjustment, wireModel } from './models.ts';

// A filled gap differs from a chat's answer in the name of one field. Read as one, it gets the same clocks, limits and
// proofs that it is whole.

/** Ours → wire. */
export function encodeText(
  { model, stream, max_tokens, top_p, ...given }: CompletionCreateParams,
  profile: Profile,
): Pick<EncodedRequest, 'body' | 'adjustments'> {
  const id = model ?? defaultModel;
  const caps = findModel(id, profile)?.caps ?? {};
  const renamed = modelAdjustment(id, profile);
  const adjustments: Adjustment[] = renamed === undefined ? [] : [renamed];
  const clamped = (param: string, from: number | null | undefined, least: number, most: number) => {
    if (from == null || (from >= least && from <= most)) return from;
    const to = from < least ? least : most;
    const reason = `${profile.name} accepts ${from < least ? `at least ${least}` : `at most ${most}`} here`;
    adjustments.push({ param, action: 'clamped', lossy: true, from, to, reason });
    return to;
  };
  const body = {
    model: wireModel(id, profile),
    ...given,
    max_tokens: clamped('max_tokens', max_tokens, 1, profile.fim?.max_tokens ?? Infinity),
    top_p: clamped('top_p', top_p, caps.top_p ?? 0, 1),
    stream,
    ...(stream && { stream_options: { include_usage: true } }),
  };
  const isGiven = ([, value]: [string, unknown]): boolean =>
    value != null && !(Array.isArray(value) && value.length === 0);
  return { body: Object.fromEntries(Object.entries(body).filter(isGiven)), adjustments };
}

/** Wire → ours, whole. @throws ChatError `invalid_response` */
export function decodeText(body: unknown, note: NoteIssue, profile: Profile): DecodedCompletion {
  return decode(
    asChat(body, (text) => ({ message: { role: 'assistant', content: text } })),
    note,
    profile,
  );
}

/** Wire → ours, one event. @throws ChatError `invalid_response` */
export function decodeTextChunk(
  data: unknown,
  note: NoteIssue,
  memory?: StreamMemory,
): DecodedChunk {
  return decodeChunk(
    asChat(data, (text) => ({ delta: { content: text } })),
    note,
    memory,
  );
}

function asChat(body: unknown, place: (text: unknown) => object): unknown {
  const { choices } = (body ?? {}) as { choices?: unknown };
  if (!Array.isArray(choices)) return body;
  return {
    ...(body as object),
    choices: choices.map((choice: Record<string, unknown> | null) => {
      const { text, logprobs, ...rest } = choice ?? {};
      return { ...rest, ...place(text), ...(logprobs != null && { text_logprobs: logprobs }) };
    }),
  };
}
