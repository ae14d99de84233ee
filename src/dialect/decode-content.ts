import type { NoteIssue } from '../schema/issue.ts';
import type { StreamMemory } from '../schema/chunk.ts';
import { reasoningPlaces } from './reasoning-places.ts';
import type { WireMessage } from './wire.ts';

type Fields = Record<string, unknown>;

/** The texts of a message or of a piece of one; what it does not mention is `undefined`. */
export interface DecodedTexts {
  content: string | null | undefined;
  reasoning_content: string | null | undefined;
  refusal: string | null | undefined;
}

/** Reads what a message says, wherever the vendor put it. */
export function decodeTexts(
  message: WireMessage,
  choice: Fields,
  note: NoteIssue,
  memory: StreamMemory,
): DecodedTexts {
  const parts = readParts(message.content, note);
  return {
    content: parts.content,
    reasoning_content: decodeReasoning(message, choice, parts.reasoning, note, memory),
    refusal: parts.refusal ?? textOf(message.refusal, 'refusal', note),
  };
}

/**
 * The reasoning, from the first of its known places that holds some. Never from two: gateways put the same text into
 * several fields, and some repeat all of it at the end in another one. So a stream stays with the place it began with.
 */
function decodeReasoning(
  message: Fields,
  choice: Fields,
  inParts: string | undefined,
  note: NoteIssue,
  memory: StreamMemory,
): string | null | undefined {
  const places = [
    ...reasoningPlaces.message.map((place) => readReasoning(message[place], place, note)),
    ...reasoningPlaces.choice.map((place) => readReasoning(choice[place], place, note)),
    inParts,
  ];
  const first = places.findIndex((place) => place);
  if (first !== -1) memory.reasoningPlace ??= first;
  const { reasoningPlace } = memory;
  const text = reasoningPlace === undefined ? undefined : places[reasoningPlace];
  if (text) return text;
  // A repetition in another place says nothing new.
  if (first !== -1) return null;
  return places[0] === undefined ? places[1] : places[0];
}

/** A text, or whatever holds one: a part, or parts. */
function readReasoning(value: unknown, path: string, note: NoteIssue): string | null | undefined {
  if (value == null || typeof value === 'string') return value;
  const text = reasoningOf(value);
  if (text === undefined && !isEmpty(value)) {
    note({ code: 'unreadable_field', path, message: 'left out: it contains no text' });
  }
  return text;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

const textPlaces = [
  'text',
  'thinking',
  'summary',
  'reasoning',
  'reasoning_content',
  'content',
] as const;

/** The text of reasoning in parts of whatever type, which may hold parts themselves. */
function reasoningOf(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || depth > 4) return undefined;
  if (Array.isArray(value)) {
    const texts = value.flatMap((part) => reasoningOf(part, depth + 1) ?? []);
    return texts.length > 0 ? texts.join('') : undefined;
  }
  for (const place of textPlaces) {
    const text = reasoningOf((value as Fields)[place], depth + 1);
    if (text !== undefined) return text;
  }
  return undefined;
}

interface ReadParts {
  content: string | null | undefined;
  reasoning?: string | undefined;
  refusal?: string | undefined;
}

/** Some gateways send content as parts, and the reasoning among them. */
function readParts(content: WireMessage['content'], note: NoteIssue): ReadParts {
  if (content == null || typeof content === 'string') return { content };
  const read: ReadParts = { content: '' };
  const add = (field: keyof ReadParts, text: string): void => {
    read[field] = (read[field] ?? '') + text;
  };
  const parts: unknown[] = Array.isArray(content) ? content : [content];
  for (const part of parts) {
    if (typeof part === 'string') add('content', part);
    else if (typeof part === 'object' && part !== null) addPart(part as Fields, add, note);
    else if (part != null) textOf(part, 'content', note);
  }
  return read;
}

function addPart(
  part: Fields,
  add: (field: keyof ReadParts, text: string) => void,
  note: NoteIssue,
): void {
  const { type, text, refusal } = part;
  const kind = typeof type === 'string' ? type.toLowerCase() : '';
  const isReasoning =
    /reason|think|thought/.test(kind) ||
    (kind !== 'text' && (part.thinking != null || part.summary != null));
  const reasoning = isReasoning ? reasoningOf(part) : undefined;
  if (reasoning !== undefined) add('reasoning', reasoning);
  else if (typeof refusal === 'string') add('refusal', refusal);
  else if (typeof text === 'string' && !isReasoning) add('content', text);
  const isRead = reasoning !== undefined || typeof refusal === 'string' || typeof text === 'string';
  if (!isRead || (!isReasoning && !['', 'text', 'output_text', 'refusal'].includes(kind))) {
    const what = `a part of type ${plainWord(kind) ?? 'unknown'}`;
    const message = isRead
      ? `${what} was read as text`
      : `${what} was left out: it contains no text`;
    note({ code: 'unknown_part', path: 'content', message });
  }
}

/** A foreign word that can be shown unchanged: neither a key nor a sentence. */
export function plainWord(word: unknown): string | undefined {
  return typeof word === 'string' && /^[a-z][a-z0-9_]{0,15}$/i.test(word) ? word : undefined;
}

/** A field if it is a string; otherwise it is left out and noted. */
export function textOf(value: unknown, path: string, note: NoteIssue): string | null | undefined {
  if (value == null || typeof value === 'string') return value;
  note({ code: 'unreadable_field', path, message: 'left out: not text' });
  return undefined;
}
