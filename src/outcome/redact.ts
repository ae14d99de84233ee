import type { ChatError } from './chat-error.ts';
import { ForeignError, foreignError } from './foreign-error.ts';
import type { Secret } from './hide.ts';
import { even, hide, keySecrets, mayHold, mayQuote, promptSecrets } from './hide.ts';

// The one way out for everything that was not written here: a vendor's body and headers, a transport's, a proxy's or a
// mock's own error. White space is made even first, or a prompt whose spaces came back as line breaks would not be known
// again; then what is secret is hidden; only then is anything shortened. What no filter can promise: a part of a prompt
// from its middle, a text in other words, or one of a few letters.

/** The secrets of a call, which no message may contain. */
export class Secrets {
  #keys: readonly Secret[] = [];
  #body: Record<string, unknown> = {};
  #json = '';
  #asked: readonly Secret[] | undefined = undefined;

  /** Hides a key, however it is written. */
  addKey(key: string): void {
    // Hiding a placeholder of a few letters would hide half of every message.
    if (key.length < 6) return;
    const secrets = keySecrets(key);
    if (this.#keys.length === 0) this.#keys = secrets;
    else if (!this.#keys.some(({ text }) => text === key)) this.#keys = [...this.#keys, ...secrets];
  }

  /** Adds a request and its text to the secrets. They are examined only when a message is to be redacted. */
  hideRequest(body: Record<string, unknown>, json: string): void {
    this.#body = body;
    this.#json = json;
    this.#asked = undefined;
  }

  /** A foreign text on one line, without secrets. */
  redact(text: string): string {
    this.#asked ??= promptSecrets(
      [this.#json, ...promptTexts(this.#body)].map((prompt) => prompt.slice(0, longest)),
    );
    return hide(this.#hideKeys(even(text).slice(0, longest)), this.#asked, '[prompt]');
  }

  /** A foreign name, e.g. of a model. What looks like a name is not a prompt, but may be a key. */
  redactName(name: string): string {
    const shownName = /^[\w.:@/+-]+$/.test(name) ? this.#hideKeys(name) : this.redact(name);
    return shownName.slice(0, maxNameLength);
  }

  /** The same for every text in a JSON value. `undefined` for one that is nested too deep to be read again. */
  redactValue(value: unknown): unknown {
    if (typeof value === 'string') return this.redact(value);
    try {
      const inner = (_key: string, each: unknown): unknown =>
        typeof each === 'string' ? this.redact(each) : each;
      return JSON.parse(JSON.stringify(value) ?? 'null', inner) as unknown;
    } catch {
      return undefined;
    }
  }

  /** Response headers: names and values. */
  redactHeaders(received: Readonly<Record<string, string>>): Record<string, string> {
    const headers = { ...received };
    if ('set-cookie' in headers) delete headers['set-cookie'];
    let all = '';
    let unknown = '';
    for (const name of Object.keys(headers)) {
      const line = `${name} ${headers[name]}\n`;
      all += line;
      if (!isHarmless(name, headers[name] ?? '')) unknown += line;
    }
    const isSuspect =
      mayHold(all, this.#keys) || (unknown !== '' && mayQuote(unknown, promptTexts(this.#body)));
    if (!isSuspect) return headers;
    const redactedHeaders = Object.entries(headers).map(([name, value]) => [
      this.#hideKeys(name),
      isHarmless(name, value) ? this.#hideKeys(value) : this.redact(value),
    ]);
    return Object.fromEntries(redactedHeaders) as Record<string, string>;
  }

  /** Takes what is secret out of an error's message, stack and cause. Never throws: it runs while a call fails. */
  redactError(error: ChatError): void {
    try {
      this.#redactError(error);
    } catch {
      setMessage(
        error,
        'The call failed; the reason is withheld, because it could not be checked for secrets',
      );
      setOwn(error, 'cause', undefined);
    }
  }

  #redactError(error: ChatError): void {
    const message = this.redact(error.message);
    if (message !== even(error.message)) setMessage(error, message.slice(0, maxMessageLength));
    if (error.cause === undefined) return;
    const { name, message: inner, code } = foreignError(error.cause);
    const causeMessage = this.redact(inner).slice(0, maxMessageLength);
    const cause = new ForeignError(this.redact(name), causeMessage, code && this.redact(code));
    setOwn(error, 'cause', cause);
  }

  #hideKeys(text: string): string {
    return hide(text, this.#keys, '[key]');
  }
}

/** What is looked at of a text, and of a secret that it may hold. Nobody reads more of an error. */
const longest = 65_536;

/** No model has a longer one. */
const maxNameLength = 256;

/** Maximum length of the message of a foreign error. */
const maxMessageLength = 2_000;

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

/** Headers whose values are known to be harmless: all that they may hold, or those of one word, an id or a number. */
const harmless = new Map(
  (
    'accept accept-encoding age alt-svc cache-control connection content-encoding content-length content-type date etag ' +
    'expires keep-alive last-modified pragma retry-after retry-after-ms server strict-transport-security ' +
    'transfer-encoding user-agent vary via x-content-type-options x-should-retry cf-ray cf-cache-status ' +
    'x-request-id x-ds-trace-id x-inference-id x-generation-id x-cache x-amz-cf-id x-amz-cf-pop x-frame-options ' +
    'x-xss-protection x-envoy-upstream-service-time referrer-policy access-control-allow-origin ' +
    'access-control-allow-credentials access-control-expose-headers'
  )
    .split(' ')
    .map((name) => [name, /^x-|^(?:server|via|etag|cf-ray)$/.test(name) ? 'word' : 'any'] as const),
);

const isLimit = /^(?:x-)?ratelimit-|^x-(?:org-)?quota-/;
const isWord = /^[\w.:;,=/"@()*-]*$/;

function harmlessValues(name: string): 'any' | 'word' | undefined {
  return harmless.get(name) ?? (isLimit.test(name) ? 'word' : undefined);
}

/** Ids, versions and numbers are of one word. What has more of them in such a header may be anything. */
function isHarmless(name: string, value: string): boolean {
  const values = harmlessValues(name);
  if (values !== 'word') return values === 'any';
  return value.length <= 128 && isWord.test(value);
}

/** Headers for a hook: the values of those that are known to be harmless, and the names of the others. */
export function harmlessHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      harmlessValues(name) !== undefined ? value : '[hidden]',
    ]),
  );
}

/** Everything that a request says, text by text, whatever its shape: `extraBody` is anybody's. */
function promptTexts({ messages, prompt, suffix, tools }: Record<string, unknown>): string[] {
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    // A word or two may be anybody's.
    if (typeof value === 'string' && value.length >= 12) texts.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  for (const message of listOf(messages)) {
    collect([message?.['content'], message?.['reasoning_content']]);
    for (const call of listOf(message?.['tool_calls'])) collect(call?.['function']?.['arguments']);
  }
  // Names of tools are what a vendor complains of.
  for (const tool of listOf(tools)) collect(tool?.['function']?.['description']);
  collect([prompt, suffix]);
  return texts;
}

type Loose = { readonly [field: string]: Loose | undefined } | null | undefined;

function listOf(value: unknown): readonly Loose[] {
  return Array.isArray(value) ? (value as Loose[]) : [];
}
