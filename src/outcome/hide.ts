import { keySpellings, promptSpellings } from './spellings.ts';

/** A text that must not be shown. */
export interface Secret {
  text: string;
  /** Enough of its beginning to know it by. */
  start: string;
  /** What is enough at the end of a text, which may have been cut. */
  brief: string;
}

/** Every spelling of a key. Kept, since a client sends the same one with each call. */
export function keySecrets(key: string): readonly Secret[] {
  let secrets = known.get(key);
  if (secrets === undefined) {
    if (known.size === maxSecrets) known.clear();
    // Also half of it is as good as a key.
    secrets = keySpellings(key).map((text) =>
      secretOf(text, Math.max(12, Math.ceil(text.length / 2)), 6),
    );
    known.set(key, secrets);
  }
  return secrets;
}

const known = new Map<string, readonly Secret[]>();
const maxSecrets = 32;

/** Every spelling of what was asked. Less of it may be anybody's. */
export function promptSecrets(prompts: readonly string[]): Secret[] {
  return promptSpellings(prompts).map((text) => secretOf(text, 24, leastPrompt));
}

const leastPrompt = 12;

function secretOf(text: string, least: number, leastAtEnd: number): Secret {
  return { text, start: text.slice(0, least), brief: text.slice(0, leastAtEnd) };
}

/** Whether a text may hold one of them; `false` is certain. */
export function mayHold(text: string, secrets: readonly Secret[]): boolean {
  return secrets.some(({ brief }) => text.includes(brief));
}

/** Whether a text may hold the beginning of a prompt; `false` is certain, and cheap: every answer has headers. */
export function mayQuote(text: string, prompts: readonly string[]): boolean {
  if (text.length < leastPrompt) return false;
  let line: string | undefined;
  return prompts.some((prompt) => {
    const start = prompt.slice(0, 2 * leastPrompt);
    // Letters stay what they are in every spelling.
    const letters = /^[a-z]{3,}/i.exec(start)?.[0];
    if (letters !== undefined && !text.includes(letters)) return false;
    line ??= even(text);
    // Only a text with escapes of its own may hold one that is written with such.
    const isEscaped = /[%+\\]/.test(line);
    if (line.includes(even(start).trimStart().slice(0, leastPrompt))) return true;
    return isEscaped && mayHold(line, promptSecrets([start]));
  });
}

/** White space as single blanks. */
export function even(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/**
 * Puts a mark in the place of each secret, or of enough of its beginning; where several begin alike, of the one that goes
 * on the furthest.
 */
export function hide(text: string, secrets: readonly Secret[], mark: string): string {
  const possible = secrets.filter(({ brief }) => text.includes(brief));
  if (possible.length === 0) return text;
  let left = possible
    .map((secret) => ({ secret, at: text.indexOf(secret.start) }))
    .filter(({ at }) => at !== -1);
  let hidden = '';
  let from = 0;
  while (left.length > 0) {
    const at = left.reduce((first, each) => Math.min(first, each.at), Infinity);
    const length = left
      .filter((each) => each.at === at)
      .reduce((most, { secret }) => Math.max(most, matching(text, at, secret.text)), 0);
    hidden += `${text.slice(from, at)}${mark}`;
    from = at + length;
    for (const each of left) if (each.at < from) each.at = text.indexOf(each.secret.start, from);
    left = left.filter((each) => each.at !== -1);
  }
  return hidden + hideAtEnd(text.slice(from), possible, mark);
}

/** How many characters of a text are a secret, also where it goes on after a few that are written in another way. */
function matching(text: string, start: number, secret: string): number {
  let at = start;
  let from = 0;
  for (;;) {
    while (from < secret.length && at < text.length && text[at] === secret[from]) {
      at++;
      from++;
    }
    const next = from < secret.length ? goesOn(text, at, secret, from) : undefined;
    if (next === undefined) return at - start;
    [at, from] = next;
  }
}

/** Where a text and a secret in it are the same again. */
function goesOn(
  text: string,
  at: number,
  secret: string,
  from: number,
): [number, number] | undefined {
  const near = text.slice(at, at + leastPrompt + maxCharactersBetween);
  for (let skipped = 0; skipped <= maxCharactersBetween; skipped++) {
    const piece = secret.slice(from + skipped, from + skipped + leastPrompt);
    if (piece.length < leastPrompt) return undefined;
    const found = near.indexOf(piece);
    if (found !== -1) return [at + found, from + skipped];
  }
  return undefined;
}

/** Characters that an escape may take. */
const maxCharactersBetween = 12;

function hideAtEnd(text: string, secrets: readonly Secret[], mark: string): string {
  const lengths = secrets.map(({ start, brief }) => {
    for (let length = Math.min(start.length - 1, text.length); length >= brief.length; length--) {
      if (text.endsWith(start.slice(0, length))) return length;
    }
    return 0;
  });
  const length = lengths.reduce((most, each) => Math.max(most, each), 0);
  return length === 0 ? text : text.slice(0, -length) + mark;
}
