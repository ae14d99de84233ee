import type { ChatCompletionAudio } from '../schema/response.ts';

/** Spoken answer, put together from its pieces: sound and transcript are joined, of the rest the last value counts. */
export class GrowingAudio {
  #rest: ChatCompletionAudio = {};
  #data: string[] = [];
  #transcript: string[] = [];

  add({ data, transcript, ...rest }: ChatCompletionAudio): void {
    if (data) this.#data.push(data);
    if (transcript) this.#transcript.push(transcript);
    const knownFields = Object.entries(rest).filter(([, value]) => value != null);
    this.#rest = { ...this.#rest, ...Object.fromEntries(knownFields) };
  }

  get value(): ChatCompletionAudio {
    return {
      ...this.#rest,
      ...(this.#data.length > 0 && { data: joinBase64(this.#data) }),
      ...(this.#transcript.length > 0 && { transcript: this.#transcript.join('') }),
    };
  }
}

/** Pieces of one text, or pieces that are each a text of their own, with its padding. */
function joinBase64(pieces: readonly string[]): string {
  if (pieces.slice(0, -1).every((piece) => !piece.endsWith('='))) return pieces.join('');
  try {
    return btoa(pieces.map((piece) => atob(piece)).join(''));
  } catch {
    return pieces.join('');
  }
}
