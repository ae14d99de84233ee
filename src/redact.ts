/** Fewer characters than this of a text may be anybody's. */
const recognisable = 24;

/**
 * Takes keys and prompts out of a text of a vendor's: vendors repeat the key, or what was asked, in their errors. Of a
 * prompt, also its beginning, since they quote the beginning of long ones.
 */
export function redactText(
  text: string,
  keys: readonly string[],
  prompts: readonly string[],
): string {
  const hidden = keys.reduce((rest, key) => rest.replaceAll(key, '[key]'), text);
  if (prompts.length === 0) return hidden;
  return prompts.flatMap(spellings).reduce(hidePrompt, hidden);
}

/** As it is, on one line, and as JSON writes it. */
function spellings(prompt: string): string[] {
  const flat = prompt.replace(/\s+/g, ' ').trim();
  const escaped = JSON.stringify(prompt).slice(1, -1);
  return [...new Set([prompt, flat, escaped])].filter((each) => each.length >= 12);
}

function hidePrompt(text: string, prompt: string): string {
  const start = prompt.slice(0, recognisable);
  let hidden = '';
  let from = 0;
  for (let at = text.indexOf(start); at !== -1; at = text.indexOf(start, from)) {
    let length = start.length;
    while (length < prompt.length && text[at + length] === prompt[length]) length++;
    hidden += `${text.slice(from, at)}[prompt]`;
    from = at + length;
  }
  return hidden + text.slice(from);
}

/** The same for every text in a JSON value. */
export function redactValue(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  try {
    const hide = (_key: string, each: unknown): unknown =>
      typeof each === 'string' ? redact(each) : each;
    return JSON.parse(JSON.stringify(value) ?? 'null', hide) as unknown;
  } catch {
    // Too deep to be read again; then there is nothing in it to be quoted.
    return undefined;
  }
}

/** Headers for a log: without the values of those that hold secrets by their name. */
export function withoutSecrets(headers: Readonly<Record<string, string>>): Record<string, string> {
  const isSecret = (name: string): boolean => /key|token|secret|auth|cookie|password/.test(name);
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, isSecret(name) ? '[hidden]' : value]),
  );
}

/** Everything that a request says, text by text. A word or two may be anybody's. */
export function promptTexts({ messages = [], prompt, suffix }: Record<string, unknown>): string[] {
  const texts: unknown[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  for (const { content, reasoning_content, tool_calls } of messages as Record<string, unknown>[]) {
    collect([content, reasoning_content, tool_calls]);
  }
  collect([prompt, suffix]);
  return texts.filter((text) => typeof text === 'string' && text.length >= 12) as string[];
}
