import type { ChatCompletionContentPart } from '../../index.ts';
import type { PromptPart } from './specification.ts';

// Files of a prompt, as the wire has them.

/** A file, or `undefined` for one that chats have no place for. */
export function encodeFile(part: PromptPart): ChatCompletionContentPart | undefined {
  const { mediaType = 'application/octet-stream', filename } = part;
  const source = readData(part.data);
  if (source === undefined) return undefined;
  if ('text' in source) return { type: 'text', text: source.text };
  if ('fileId' in source) return { type: 'file', file: { file_id: source.fileId } };
  const [kind = ''] = mediaType.split('/');
  const url = 'url' in source ? source.url : `data:${wholeType(mediaType)};base64,${source.base64}`;
  switch (kind) {
    case 'image': {
      const detail = part.providerOptions?.flash?.detail as 'auto' | undefined;
      return { type: 'image_url', image_url: { url, ...(detail !== undefined && { detail }) } };
    }
    case 'video':
      return { type: 'video_url', video_url: { url } };
    case 'audio': {
      const format = audioFormats[mediaType];
      if (!('base64' in source) || format === undefined) return undefined;
      return { type: 'input_audio', input_audio: { data: source.base64, format } };
    }
    default: {
      const file = { ...(filename !== undefined && { filename }), file_data: url };
      return { type: 'file', file };
    }
  }
}

const audioFormats: Readonly<Record<string, 'wav' | 'mp3'>> = {
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'audio/mp3': 'mp3',
  'audio/mpeg': 'mp3',
};

/** `image/*` is how `ai` says that it does not know. */
function wholeType(mediaType: string): string {
  return mediaType.endsWith('/*') ? mediaType.replace('/*', '/jpeg') : mediaType;
}

type FileSource = { base64: string } | { url: string } | { text: string } | { fileId: string };

/** Bytes, base64 or a URL, as V3 has them; or what V4 wraps around them. */
function readData(data: unknown): FileSource | undefined {
  if (typeof data === 'string') return { base64: data };
  if (data instanceof Uint8Array) return { base64: toBase64(data) };
  if (data instanceof URL) return { url: data.href };
  if (typeof data !== 'object' || data === null) return undefined;
  const { type, ...rest } = data as Record<string, unknown>;
  if (type === 'data') return readData(rest.data);
  if (type === 'url') return { url: String(rest.url) };
  if (type === 'text') return { text: String(rest.text) };
  if (type !== 'reference') return undefined;
  // Ids by provider: of ours there is at most one.
  const [fileId] = Object.values((rest.reference ?? {}) as Record<string, string>);
  return fileId === undefined ? undefined : { fileId };
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
