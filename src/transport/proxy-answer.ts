import { ChatError } from '../outcome/chat-error.ts';

// Without a tunnel a proxy answers in the vendor's place when it refuses, or when it cannot reach the vendor.

/** What a response says before its body. */
interface Head {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Host and port of the proxy that was given the request. */
  proxy?: string | undefined;
}

type Author = 'vendor' | 'proxy' | 'either';

/**
 * Programs that are proxies, as `server` of the pages that they write themselves; what they pass on keeps the vendor's own.
 * tinyproxy 1.11 as it runs in test/real; squid as its replies are quoted (`server: squid/6.14`, with `x-squid-error`);
 * mitmproxy by its source (`make_error_response`). 2026-11-30.
 */
const proxyPrograms = /^(?:tinyproxy|squid|mitmproxy)\b/i;

/**
 * Who wrote an unsuccessful answer. A vendor's errors are JSON; a page is a proxy's only if it says so itself, and
 * its author is unknown if the request went through a proxy.
 *
 * @param hasJson whether its body is JSON, be it cut off
 */
export function authorOf(head: Head, url: string, hasJson: boolean): Author {
  const { status, headers, proxy } = head;
  // A proxy forwards neither this header nor another proxy's 407 (RFC 9110, 11.7.1 and 15.5.8).
  if (headers['proxy-authenticate'] !== undefined) return 'proxy';
  if (hasJson) return 'vendor';
  if (status === 407) return 'proxy';
  // Through TLS, the page of such a program comes from beyond the tunnel: the program is in front of the vendor.
  const isReadable = url.startsWith('http:');
  if (isReadable && (namesProgram(headers) || namesItself(head))) return 'proxy';
  return proxy === undefined ? 'vendor' : 'either';
}

function namesProgram({ server = '', 'x-squid-error': squid }: Head['headers']): boolean {
  return squid !== undefined || proxyPrograms.test(server);
}

/** The last entry in `proxy-status` is the nearest proxy; with an `error` the answer is its own (RFC 9209, 2.1.1). */
function namesItself({ headers, proxy }: Head): boolean {
  const withoutTexts = (headers['proxy-status'] ?? '').replace(/="(?:[^"\\]|\\.)*"/g, '');
  const [name = '', ...parameters] = (withoutTexts.split(',').at(-1) ?? '').split(';');
  if (proxy === undefined || !parameters.some((each) => /^\s*error=/.test(each))) return false;
  return [proxy, proxy.replace(/:\d+$/, '')].includes(name.trim().replaceAll('"', ''));
}

/** The note for an answer whose author is uncertain. */
export function noteOf(author: Author, proxy: string | undefined): string {
  if (author !== 'either') return '';
  return ` (it came through the proxy ${proxy}, and may be the proxy's own answer)`;
}

/** What is known of a refusal. */
interface Refusal {
  status: number;
  /** Of the vendor. */
  url: string;
  /** Host and port of the proxy, where they are known. */
  proxy: string | undefined;
  /** What its page says, without secrets. */
  pageText?: string | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

// tinyproxy answers a wrong password with 401.
const wantsPassword = new Set([401, 407]);

/** A proxy's own status, of a tunnel or of a forwarded request. It is not the vendor's, so it is only part of the message. */
export function proxyRefusal({ status, url, proxy, pageText, ...init }: Refusal): ChatError {
  const { host } = new URL(url);
  const who = proxy === undefined ? 'The proxy' : `The proxy ${proxy}`;
  const hint = wantsPassword.has(status) ? ': it requires a valid user and password' : '';
  const quotedText = pageText === undefined ? '' : `: ${pageText}`;
  const advice = status === 403 ? `; the administrator of the proxy must allow ${host}` : '';
  const message = `${who} refused the connection to ${host} (${status}${hint})${quotedText}${advice}`;
  const retryable = status === 408 || status === 429 || status >= 500;
  return new ChatError('connection', message, { ...init, retryable });
}
