/** The value of a JSON text, whatever its content type says, or the text itself. */
export function parseOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whether text that is not valid JSON is the beginning of valid JSON: cut off, and not followed by something else. */
export function isCutOff(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInString) {
      if (character === '\\') at++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '{' || character === '[') depth++;
    // Closed before the end: what follows is too much, not too little.
    else if ((character === '}' || character === ']') && --depth === 0) return false;
  }
  return true;
}
