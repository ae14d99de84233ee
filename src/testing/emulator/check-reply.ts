import { ChatError } from '../../outcome/chat-error.ts';
import {
  callback,
  clip,
  count,
  delayMs,
  isRecord,
  listOf,
  oneOf,
  should,
  shown,
  strictRecord,
  text,
  unknownName,
} from './checks.ts';
import type { Check, Fields, Wrong } from './checks.ts';
import { errorKinds } from './error-words.ts';
import type {
  EmulatorAnswer,
  EmulatorError,
  EmulatorFault,
  EmulatorReply,
  EmulatorToolCall,
  EmulatorUsage,
} from './reply.ts';
import type { EmulatorScript, PlayedResponse } from './script.ts';

// A reply that means nothing must never become an answer that was made up: the test that queued it would pass. So replies
// are held as strictly as options, where they are queued, and so is what the functions of a test return.

const headers: Check = (value, path) => {
  if (!isRecord(value)) return { path, why: 'must be an object of strings' };
  for (const [name, content] of Object.entries(value)) {
    const isHeader =
      /^[\w!#$%&'*+.^`|~-]+$/.test(name) &&
      typeof content === 'string' &&
      /^[\t\x20-\x7e\x80-\xff]*$/.test(content);
    if (!isHeader) return { path: `${path}.${name}`, why: 'is not a valid HTTP header' };
  }
  return undefined;
};

const status = should(
  (value) => Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599,
  'a status from 200 to 599',
);

const repeating = strictRecord<{ repeat: string; everyMs: number }>(
  { repeat: text, everyMs: delayMs },
  ['repeat', 'everyMs'],
);
const waiting = strictRecord<{ delayMs: number }>({ delayMs }, ['delayMs']);

const write: Check = (value, path) => {
  if (typeof value === 'string' || value instanceof Uint8Array) return undefined;
  if (!isRecord(value)) {
    return { path, why: `must be a string, bytes or { delayMs }, but is ${shown(value)}` };
  }
  return 'repeat' in value ? repeating(value, path) : waiting(value, path);
};

const answerFields: Fields<EmulatorAnswer> = {
  content: should((value) => value === null || typeof value === 'string', 'a string or null'),
  reasoning_content: text,
  tool_calls: listOf(
    strictRecord<EmulatorToolCall>({ id: text, name: text, arguments: toolArguments }, [
      'name',
      'arguments',
    ]),
  ),
  finish_reason: text,
  usage: strictRecord<EmulatorUsage>(
    { prompt_tokens: count, completion_tokens: count, cached_tokens: count },
    ['prompt_tokens', 'completion_tokens'],
  ),
};
const errorFields: Fields<EmulatorError> = { error: oneOf(errorKinds), message: text, headers };
const scriptFields: Fields<EmulatorScript> = { status, headers, writes: listOf(write) };
const faultFields: Fields<EmulatorFault> = {
  fault: callback,
  answer: (value, path) =>
    isRecord(value) && 'fault' in value
      ? { path: `${path}.fault`, why: 'is not allowed here; use faults.compose()' }
      : findWrong(value, path),
};

/** The kinds of replies that are no answer in words, by the field that says so. */
const kinds = { fault: faultFields, writes: scriptFields, error: errorFields };
type Kind = keyof typeof kinds;
const everyName = /* @__PURE__ */ Object.keys({
  ...answerFields,
  ...errorFields,
  ...scriptFields,
  ...faultFields,
});

const checkAnswer = strictRecord(answerFields, [], unknownInAnswer);
const checks: Record<Kind, Check> = {
  fault: strictRecord(faultFields, ['fault'], (name) => unknownBeside('fault', name)),
  writes: strictRecord(scriptFields, ['writes'], (name) => unknownBeside('writes', name)),
  error: strictRecord(errorFields, ['error'], (name) => unknownBeside('error', name)),
};

/** What is wrong with a reply. */
function findWrong(reply: unknown, path: string): Wrong | undefined {
  const kind = (Object.keys(kinds) as Kind[]).find((each) => isRecord(reply) && each in reply);
  return (kind === undefined ? checkAnswer : checks[kind])(reply, path);
}

function unknownBeside(kind: Kind, name: string): string {
  return everyName.includes(name)
    ? `cannot be combined with "${kind}"`
    : unknownName(name, Object.keys(kinds[kind]));
}

/** A reply is an answer if it does not say that it is something else; perhaps that is what is missing. */
function unknownInAnswer(name: string): string {
  const homes = Object.entries(kinds).flatMap(([kind, fields]) =>
    Object.hasOwn(fields, name) ? [`"${kind}"`] : [],
  );
  return homes.length === 0
    ? unknownName(name, everyName)
    : `is allowed only together with ${homes.join(' or ')}`;
}

/** @throws ChatError `invalid_options` that says what is wrong, and where */
export function checkReply(reply: unknown, path: string): asserts reply is EmulatorReply {
  refuse('The emulator cannot use this reply', findWrong(reply, path));
}

const playedFields: Fields<PlayedResponse> = {
  status,
  headers,
  writes: listOf(write),
  raw: should((value) => value === true, 'true'),
};

/** The same for what a fault made of an answer. */
export function checkPlayed(played: unknown): asserts played is PlayedResponse {
  const check = strictRecord<PlayedResponse>(playedFields, ['status', 'headers', 'writes']);
  refuse('The emulator cannot use what a fault returned', check(played, 'fault()'));
}

/** @throws ChatError `invalid_options` */
export function refuse(what: string, wrong: Wrong | undefined): void {
  if (wrong === undefined) return;
  throw new ChatError('invalid_options', `${what}: ${wrong.path} ${wrong.why}`, {
    param: wrong.path,
  });
}

/** A function of a test's. What it throws ends the request, and neither the process nor in a second try. */
export function callSafely<T>(name: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const thrownText = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const message = `The ${name} function given to the emulator threw ${clip(thrownText, 300)}`;
    throw new ChatError('invalid_options', message, { cause, param: name });
  }
}

/** A reply, in a few words. */
export function describeReply(reply: EmulatorReply): string {
  if ('fault' in reply) return 'a fault';
  if ('writes' in reply) return `a script of ${reply.writes.length} writes`;
  if ('error' in reply) return `the error ${reply.error}`;
  return clip(JSON.stringify(reply), 120);
}

function toolArguments(value: unknown, path: string): Wrong | undefined {
  if (typeof value === 'string') return undefined;
  if (typeof value !== 'object' || value === null) {
    return { path, why: 'must be an object, or a string of JSON' };
  }
  try {
    // A value may say that it is nothing.
    if (typeof JSON.stringify(value) === 'string') return undefined;
  } catch {
    // A circle, or a number that JSON does not have.
  }
  return { path, why: 'cannot be written as JSON' };
}
