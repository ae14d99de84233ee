// Hosts name models as they like: with paths, dates and other letters. Only what a name is known to mean is read from it,
// and a name that says nothing proves nothing.

/** What a name says of the model behind it. */
export interface NamedModel {
  maker: string;
  /** E.g. `v4`, `v4.1` or `r1`. */
  generation?: string | undefined;
  size?: string | undefined;
}

/** Whose models these vendors sell. */
export const maker = 'DeepSeek';

/** `deepseek-v4-flash-0731`, `deepseek-v4p1-flash`, `deepseek-r1-0528`, `deepseek-flash`. */
const deepseek = /^deepseek-(?:v(\d)(?:[.p-](\d)(?!\d))?|(r\d))?-?(flash|pro)?(?![a-z\d])/;

/** Families of other makers, by the beginning of their names. */
const others =
  /^(?:chat)?(gpt|claude|gemini|gemma|qwen|glm|kimi|llama|mistral|mixtral|grok|minimax)(?![a-z])/;

/** The parts of a model name; `undefined` if it is not a known one. */
export function readName(name: string): NamedModel | undefined {
  const plain = plainName(name);
  const other = others.exec(plain)?.[1];
  if (other !== undefined) return { maker: other };
  const [, major, minor, reasoner, size] = deepseek.exec(plain) ?? [];
  const version = major && `v${major}${minor && minor !== '0' ? `.${minor}` : ''}`;
  // DeepSeek's name without a version is that of V4.1 (news of 2026-09-10).
  const current = size === 'flash' ? 'v4.1' : undefined;
  const generation = version ?? reasoner ?? current;
  if (generation === undefined && size === undefined) return undefined;
  return { maker, generation, size };
}

/** In one spelling, and without the path before it. */
export function plainName(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1);
  return last
    .trim()
    .toLowerCase()
    .replace(/[_\s]+/g, '-');
}
