import { ChatError } from './chat-error.ts';
import { closestName } from '../internal/names.ts';

/** An `invalid_options` about one option. */
export function invalidOptions(param: string, message: string): ChatError {
  return new ChatError('invalid_options', message, param === '' ? {} : { param });
}

/** Names that other clients have for things, and what they are called here. */
export type OptionHints = Readonly<Record<string, string>>;

/** No options at all, not even a prototype's. */
export const noOptions: object = /* @__PURE__ */ Object.freeze(/* @__PURE__ */ Object.create(null));

/**
 * The options that an object itself has, and nothing that a prototype adds to them: whatever else runs in a process can
 * write to `Object.prototype`, and must not choose where a key is sent. One that is `undefined` is not given.
 *
 * @param what whose they are, for the message
 * @throws ChatError `invalid_options` for anything but a plain object, and for unknown names
 */
export function ownOptions<T extends object>(
  given: T | null | undefined,
  known: readonly string[],
  what: string,
  hints: OptionHints = {},
): Partial<T> {
  if (given == null) return noOptions;
  const own = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of entriesOf(given, known, what)) {
    if (value === undefined) continue;
    if (!known.includes(name)) throw unknownOption(name, known, what, hints);
    own[name] = value;
  }
  return own as Partial<T>;
}

function entriesOf(given: object, known: readonly string[], what: string): [string, unknown][] {
  try {
    if (typeof given === 'object' && isPlain(given)) return Object.entries(given);
  } catch {
    // A getter or a proxy of the caller's.
    throw invalidOptions('', `${what} cannot be read: a getter or a proxy in them throws`);
  }
  throw invalidOptions('', `${what} must be a plain object, e.g. { ${known[0]}: … }`);
}

function unknownOption(
  name: string,
  known: readonly string[],
  what: string,
  hints: OptionHints,
): ChatError {
  const hint = Object.hasOwn(hints, name) ? hints[name] : closestName(name, known);
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  const suggestion =
    hint === undefined ? `; the options are ${known.join(', ')}` : `; did you mean ${hint}?`;
  const verb = /^(?:Option|Fact) /.test(what) ? 'has' : 'have';
  const parent = what.startsWith('Option ') ? `${what.slice('Option '.length)}.` : '';
  return invalidOptions(parent + shown, `${what} ${verb} no option ${shown}${suggestion}`);
}

/** Of this realm or of another one: its prototype is the last of its chain. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return (
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype as object, 'hasOwnProperty')
  );
}
