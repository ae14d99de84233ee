/** A copy of a foreign error: its name, message and code, without its other properties. */
export class ForeignError extends Error {
  declare readonly code?: string | undefined;

  constructor(name: string, message: string, code: string | undefined) {
    super(message);
    Object.defineProperty(this, 'name', { value: name, enumerable: false });
    if (code !== undefined) Object.assign(this, { code });
    // Where it came from is in others' code, and the first line quotes the message once more.
    this.stack = `${name}: ${message}`;
  }
}

/**
 * The innermost error, copied. The original is not handed on: undici's errors carry addresses and raw response text, a
 * mock's quote the request, and `fetch` buries the one line that helps.
 */
export function foreignError(error: unknown): ForeignError {
  if (error instanceof ForeignError) return error;
  const inner = innermost(error);
  const code = read(inner, 'code');
  return new ForeignError(
    textOr(read(inner, 'name'), 'Error'),
    textOr(
      read(inner, 'message'),
      typeof inner === 'object' ? 'an error without a message' : String(inner),
    ),
    typeof code === 'string' ? code : undefined,
  );
}

function innermost(error: unknown, depth = 0): unknown {
  const errors = read(error, 'errors');
  // Happy eyeballs: one error an address, and an empty message on the whole.
  const next: unknown = Array.isArray(errors) ? errors[0] : read(error, 'cause');
  return typeof next === 'object' && next !== null && depth < 5
    ? innermost(next, depth + 1)
    : error;
}

/** A field of whatever was thrown, whose getters may throw as well. */
function read(value: unknown, field: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[field];
  } catch {
    return undefined;
  }
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}
