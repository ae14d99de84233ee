import type { ChatError } from './errors.ts';
import { ForeignError, foreignError } from './foreign-error.ts';
import { keySpellings, promptSpellings } from './spellings.ts';

// The one way out for everything that was not written here: a vendor's body and headers, a transport's, a proxy's or a
// mock's own error. White space is made even first, or a prompt whose spaces came back as line breaks would not be known
// again; then what is secret is hidden; only then is anything shortened. What no filter can promise: a part of a prompt
// from its middle, a text in other words, or one of a few letters.

/** What a call must not tell. */
export interface Secrets {
  /** Hides a key, however it is written. */
  addKey(key: string): void;
  /** Hides what is asked. Read only when something is to be told. */
  hidePrompts(texts: () => readonly string[]): void;
  /** A text of somebody else's, on one line, without what is secret. */
  redact(text: string): string;
  /** The same for every text in a JSON value. `undefined` for one that is nested too deep to be read again. */
  redactValue(value: unknown): unknown;
  /** Response headers: names and values. */
  redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string>;
  /** Takes what is secret out of an error's message, stack and cause. */
  redactError(error: ChatError): void;
}

export function createSecrets(): Secrets {
  const keys: string[] = [];
  let keyTexts: readonly string[] = [];
  let prompts = (): readonly string[] => [];
  let spelled: readonly string[] | undefined;

  const hideKeys = (text: string): string => hide(text, keyTexts, keyRule);

  const redact = (text: string): string => {
    spelled ??= promptSpellings(prompts().map((prompt) => prompt.slice(0, longest)));
    return hide(hideKeys(even(text).slice(0, longest)), spelled, promptRule);
  };

  return {
    addKey(key) {
      // Hiding a placeholder of a few letters would hide half of every message.
      if (key.length < 6 || keys.includes(key)) return;
      keys.push(key);
      keyTexts = keys.flatMap(keySpellings);
    },
    hidePrompts: (texts) => {
      prompts = texts;
      spelled = undefined;
    },
    redact,
    redactValue(value) {
      if (typeof value === 'string') return redact(value);
      try {
        const inner = (_key: string, each: unknown): unknown =>
          typeof each === 'string' ? redact(each) : each;
        return JSON.parse(JSON.stringify(value) ?? 'null', inner) as unknown;
      } catch {
        return undefined;
      }
    },
    redactHeaders(headers) {
      const told: Record<string, string> = {};
      for (const [name, value] of Object.entries(headers)) {
        if (name === 'set-cookie') continue;
        // Every answer has headers: what is not likely to quote a prompt is not searched for all of them.
        const isSuspect = !isHarmless(name) && quotesOneOf(prompts(), value);
        told[hideKeys(name)] = isSuspect ? redact(value) : hideKeys(value);
      }
      return told;
    },
    redactError(error) {
      const message = redact(error.message);
      if (message !== even(error.message)) setMessage(error, message.slice(0, mostTold));
      if (error.cause === undefined) return;
      const { name, message: inner, code } = foreignError(error.cause);
      const told = redact(inner).slice(0, mostTold);
      setOwn(error, 'cause', new ForeignError(redact(name), told, code && redact(code)));
    },
  };
}

/** What is looked at of a text, and of a secret that it may hold. Nobody reads more of an error. */
const longest = 65_536;

/** What is told of somebody else's error. */
const mostTold = 2_000;

/** From how many characters on a secret is known by its beginning, and by less of it at the end of a text that was cut. */
interface HideRule {
  least(secret: string): number;
  leastAtEnd: number;
  mark: string;
}

const promptRule: HideRule = { least: () => 24, leastAtEnd: 12, mark: '[prompt]' };
const keyRule: HideRule = {
  least: ({ length }) => Math.max(12, Math.ceil(length / 2)),
  leastAtEnd: 6,
  mark: '[key]',
};

function even(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** Hides secrets wherever they, or enough of their beginning, stand; of several that begin alike, the one that goes on. */
function hide(text: string, secrets: readonly string[], rule: HideRule): string {
  const sought = secrets.map((secret) => {
    const start = secret.slice(0, rule.least(secret));
    return { secret, start, at: text.indexOf(start) };
  });
  let left = sought.filter(({ at }) => at !== -1);
  let hidden = '';
  let from = 0;
  while (left.length > 0) {
    const at = left.reduce((first, each) => Math.min(first, each.at), Infinity);
    const length = left
      .filter((each) => each.at === at)
      .reduce((most, { secret }) => Math.max(most, matching(text, at, secret)), 0);
    hidden += `${text.slice(from, at)}${rule.mark}`;
    from = at + length;
    for (const each of left) if (each.at < from) each.at = text.indexOf(each.start, from);
    left = left.filter((each) => each.at !== -1);
  }
  return hidden + hideAtEnd(text.slice(from), sought, rule);
}

/** How many characters of a text are those of a secret. */
function matching(text: string, at: number, secret: string): number {
  let length = 0;
  while (length < secret.length && text[at + length] === secret[length]) length++;
  return length;
}

function hideAtEnd(
  text: string,
  sought: readonly { start: string }[],
  { leastAtEnd, mark }: HideRule,
): string {
  const lengths = sought.map(({ start }) => {
    for (let length = Math.min(start.length - 1, text.length); length >= leastAtEnd; length--) {
      if (text.endsWith(start.slice(0, length))) return length;
    }
    return 0;
  });
  const length = lengths.reduce((most, each) => Math.max(most, each), 0);
  return length === 0 ? text : text.slice(0, -length) + mark;
}

/** Whether a header may hold a prompt: the beginning of one, as it is or as a URL has it. */
function quotesOneOf(prompts: readonly string[], header: string): boolean {
  if (header.length < promptRule.leastAtEnd) return false;
  const value = even(header);
  return prompts.some((prompt) =>
    promptSpellings([prompt.slice(0, 48)]).some((start) =>
      value.includes(start.slice(0, promptRule.leastAtEnd)),
    ),
  );
}

function setMessage(error: ChatError, message: string): void {
  const { stack = '', message: before } = error;
  const at = stack.indexOf(before);
  const lines = at === -1 ? '' : stack.slice(at + before.length);
  setOwn(error, 'message', message);
  setOwn(error, 'stack', `${error.name}: ${message}${lines}`);
}

function setOwn(error: ChatError, field: 'message' | 'stack' | 'cause', value: unknown): void {
  Object.defineProperty(error, field, {
    value,
    enumerable: false,
    configurable: true,
    writable: true,
  });
}

const harmless = new Set(
  (
    'accept accept-encoding age alt-svc cache-control connection content-encoding content-length content-type date etag ' +
    'expires keep-alive last-modified pragma retry-after retry-after-ms server strict-transport-security ' +
    'transfer-encoding user-agent vary via x-content-type-options x-should-retry cf-ray cf-cache-status ' +
    'x-request-id x-ds-trace-id x-inference-id x-generation-id'
  ).split(' '),
);

function isHarmless(name: string): boolean {
  return harmless.has(name) || /^(?:x-)?ratelimit-|^x-(?:org-)?quota-/.test(name);
}

/** Headers for a hook: the values of those that are known to be harmless, and the names of the others. */
export function harmlessHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, isHarmless(name) ? value : '[hidden]']),
  );
}

/** Everything that a request says, text by text. A word or two may be anybody's. */
export function promptTexts({
  messages = [],
  prompt,
  suffix,
  tools = [],
}: Record<string, unknown>): string[] {
  const texts: unknown[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  for (const { content, reasoning_content, tool_calls = [] } of messages as SentMessage[]) {
    collect([content, reasoning_content]);
    for (const { function: called } of tool_calls) collect(called?.arguments);
  }
  // Names of tools are what a vendor complains of.
  for (const { function: definition } of tools as SentTool[]) collect(definition?.description);
  collect([prompt, suffix]);
  return texts.filter((text) => typeof text === 'string' && text.length >= 12) as string[];
}

interface SentTool {
  function?: { arguments?: unknown; description?: unknown } | undefined;
}

interface SentMessage {
  content?: unknown;
  reasoning_content?: unknown;
  tool_calls?: SentTool[] | undefined;
}
