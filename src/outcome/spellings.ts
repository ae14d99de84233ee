// A secret may be echoed as it was sent, or as a mock, a proxy or an error page writes it.

/** How a key may be written: as it is, in lower case as in a host name, in a URL, and inside of any base64. */
export function keySpellings(key: string): string[] {
  return [
    ...new Set([
      ...(key.length >= 12 ? base64Spellings(key) : []),
      encodeURIComponent(key),
      key,
      key.toLowerCase(),
    ]),
  ];
}

/**
 * The part of a base64 text that a key makes, wherever in a longer one it begins: three characters are four, so there are
 * three ways, and the characters at both ends belong to its neighbours as well.
 */
function base64Spellings(key: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const encoded = btoa('\0'.repeat(offset) + key);
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor(((offset + key.length) * 8) / 6);
    const core = encoded.slice(from, to);
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

/** How prompts may be written, on one line each: as they are, as JSON does it once or twice, also in ASCII alone, and in a URL. */
export function promptSpellings(prompts: readonly string[]): string[] {
  const all = prompts.flatMap((prompt) => {
    const once = escaped(prompt);
    const ascii = inASCII(once);
    return [prompt, once, escaped(once), ascii, escaped(ascii), ...inURL(prompt)];
  });
  const lines = all.map((text) => text.replace(/\s+/g, ' ').trim());
  // The longest first: the whole of a request, before what it says.
  return [...new Set(lines)].filter((text) => text.length >= 12).toSorted(byLength);
}

function byLength(a: string, b: string): number {
  return b.length - a.length;
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** As hosts written in Python send JSON. */
function inASCII(text: string): string {
  return text.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function inURL(text: string): string[] {
  try {
    const encoded = encodeURIComponent(text);
    return [encoded, encoded.replaceAll('%20', '+')];
  } catch {
    // Half a character cannot be in a URL.
    return [];
  }
}
