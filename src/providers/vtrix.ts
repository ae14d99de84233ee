import { ChatError } from '../outcome/chat-error.ts';
import type { NoteIssue } from '../schema/issue.ts';
import type { DecodedChunk, StreamMemory } from '../schema/chunk.ts';
import type { DecodedCompletion } from '../schema/response.ts';
import { createDecoder } from '../dialect/decoder.ts';
import { createProvider } from '../dialect/define-provider.ts';
import { decode, decodeChunk } from '../dialect/decode.ts';
import { plainWord } from '../dialect/decode-content.ts';
import { findError } from '../dialect/decode-error.ts';
import type { Profile } from '../dialect/profile.ts';

// Vtrix. Sources, as read on 2026-11-20:
//   model   https://doc.vtrix.ai/domestic/api/deepseek/deepseek-v4-flash/
//   paths   https://docs.vtrix.ai/api-reference/models/model_api_documentation_gitbook
//
// The model's page documents the envelope of the vendor's image and video tasks as its answer, while the pages of its
// other language models document OpenAI's form. Both are read: `choices` first.

interface Envelope {
  status?: unknown;
  error?: unknown;
  output?: unknown;
  jobId?: unknown;
  id?: unknown;
}

function hasChoices(body: unknown): boolean {
  const choices = (body as { choices?: unknown } | null)?.choices;
  return Array.isArray(choices) && choices.length > 0;
}

function findVtrixError(body: unknown): unknown {
  if (hasChoices(body)) return undefined;
  const { status } = (body ?? {}) as Envelope;
  return status === 'failed' ? body : findError(body);
}

interface OutputItem {
  type?: unknown;
  text?: unknown;
  jobId?: unknown;
}

function outputItems(output: unknown): OutputItem[] {
  const entries = (Array.isArray(output) ? output : [output]) as ({ content?: unknown } | null)[];
  return entries.flatMap((entry) => {
    const content = entry?.content;
    return Array.isArray(content) ? (content as OutputItem[]) : [];
  });
}

/** The text of an envelope. @throws ChatError `invalid_response` for media, `unsupported` for a task that goes on */
function envelopeText(envelope: Envelope, note: NoteIssue): string {
  const { status, output } = envelope;
  const items = outputItems(output);
  const texts = items.flatMap(({ text }) => (typeof text === 'string' ? [text] : []));
  const media = items.find(({ text }) => typeof text !== 'string');
  const job = media?.jobId ?? envelope.jobId ?? envelope.id;
  const jobText = /^[\w-]{1,64}$/.test(String(job ?? '')) ? ` (job ${String(job)})` : '';
  if (texts.length > 0) {
    if (media !== undefined) {
      note({
        code: 'media_left_out',
        message: `beside the text came ${plainWord(media.type) ?? 'something else'}${jobText}`,
      });
    }
    note({
      code: 'envelope',
      message: 'the answer came in the documented task envelope, which has no finish_reason',
    });
    return texts.join('');
  }
  if (media !== undefined) {
    const message = `Vtrix answered with ${String(media.type)} in place of text${jobText}`;
    throw new ChatError('invalid_response', message);
  }
  if (status === undefined || status === 'completed') {
    throw new ChatError(
      'invalid_response',
      `Vtrix answered with a task without any output${jobText}`,
    );
  }
  const message = `Vtrix answered with a task of status ${String(status)}${jobText}, which this client does not follow`;
  throw new ChatError('unsupported', message);
}

function isEnvelope(body: unknown): body is Envelope {
  if (typeof body !== 'object' || body === null || hasChoices(body)) return false;
  if ('output' in body) return true;
  // Events without choices carry usage, and some say that all is well.
  return 'status' in body && !('choices' in body && body.status === 'completed');
}

function decodeVtrix(body: unknown, note: NoteIssue, profile: Profile): DecodedCompletion {
  if (!isEnvelope(body)) return decode(body, note, profile);
  const content = envelopeText(body, note);
  const message = { role: 'assistant', content };
  // "Only present when status is completed": the presence of `output` is this vendor's proof of the end.
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  return decode({ ...body, choices }, note, profile);
}

function decodeVtrixChunk(data: unknown, note: NoteIssue, memory?: StreamMemory): DecodedChunk {
  if (!isEnvelope(data)) return decodeChunk(data, note, memory);
  const delta = { role: 'assistant', content: envelopeText(data, note) };
  return decodeChunk({ ...data, choices: [{ index: 0, delta, finish_reason: 'stop' }] }, note);
}

/** @internal */
export const vtrixDecoder = /* @__PURE__ */ createDecoder({
  profile: {
    id: 'vtrix',
    name: 'Vtrix',
    // paths: the endpoint for language models is https://cloud.vtrix.ai/llm/chat/completions.
    baseURL: 'https://cloud.vtrix.ai/llm',
    apiKeyVariables: ['VTRIX_API_KEY'],
    paths: {},
    models: {
      'deepseek-v4-flash': {
        generation: 'v4',
        caps: {
          // model: 1 - 384000.
          max_tokens: 384_000,
          stop: 16,
          toolNameLength: 128,
        },
        contextWindow: '1M',
        // model: "multimodal array", the parts are not described.
        parts: ['image_url', 'input_audio', 'file', 'video_url'],
      },
    },
    // model: "thinking mode enabled by default", no parameter for it.
    thinking: { on: 'default', byDefault: 'on' },
    // Not in its list of parameters.
    parameters: {
      seed: 'dropped',
      logit_bias: 'dropped',
      logprobs: 'dropped',
      parallel_tool_calls: 'dropped',
      stream_options: 'dropped',
    },
    // model: text and json_object.
    jsonSchema: 'json_object',
    // model: none, auto, required or a specific tool.
    forcedToolChoice: 'sent',
    strictTools: 'dropped',
    nullContent: 'empty',
    refusal: 'text',
    names: 'dropped',
    // model: "Text string or multimodal array".
    textParts: 'sent',
    // model: "conversation prefix continuation", without a field for it.
    prefix: 'undocumented',
    // model: "Total cost in USD", a string.
    cost: 'usage.cost',
    // paths: 403 is an empty account or a missing permission.
    insufficientBalanceStatuses: [403],
    requestIdHeader: 'x-request-id',
  },
  decode: decodeVtrix,
  decodeChunk: decodeVtrixChunk,
  findError: findVtrixError,
});

export const vtrix = /* @__PURE__ */ createProvider(vtrixDecoder);
