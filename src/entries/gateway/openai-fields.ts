import type { Adjustment } from '../../index.ts';

/**
 * Fields of OpenAI's chat completions that no vendor takes and the client does not know. Others that no vendor takes are
 * known to it, and in its report. https://platform.openai.com/docs/api-reference/chat/create, 2026-11.
 */
const foreign: readonly string[] = [
  'audio',
  'modalities',
  'moderation',
  'prediction',
  'prompt_cache_options',
  'prompt_cache_retention',
  'web_search_options',
];
const foreignOfStreams: readonly string[] = ['include_obfuscation'];

type Body = Record<string, unknown>;

/** The parameters of a call in a body, and what was left out of it. */
export function readParams(body: Body): { params: Body; dropped: Adjustment[] } {
  const dropped: Adjustment[] = [];
  const params = without(body, foreign, '', dropped);
  const { stream_options: options } = params;
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) {
    const kept = without(options as Body, foreignOfStreams, 'stream_options.', dropped);
    if (kept !== options) params.stream_options = kept;
  }
  return { params, dropped };
}

function without(
  fields: Body,
  names: readonly string[],
  path: string,
  dropped: Adjustment[],
): Body {
  const found = names.filter((name) => Object.hasOwn(fields, name));
  if (found.length === 0) return fields;
  const kept = { ...fields };
  for (const name of found) {
    const from = kept[name];
    delete kept[name];
    if (from == null) continue;
    const reason = 'no vendor accepts it';
    dropped.push({ param: path + name, action: 'dropped', lossy: true, from, to: null, reason });
  }
  return kept;
}
