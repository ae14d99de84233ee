import { ChatError, isChatError } from '../../outcome/chat-error.ts';
import type { Provider } from '../../dialect/provider.ts';
import type { ProviderId } from '../../providers/registry.ts';
import type { Transport } from '../../transport/transport.ts';
import type { Dialect } from './dialect.ts';
import { dialectOf } from './dialects.ts';
import { findUndocumented } from './documented.ts';
import { findFillRefusal } from './fill.ts';
import type { KnownVendors } from './known-vendors.ts';
import { createKnownVendors } from './known-vendors.ts';
import { memoryTransport } from '../carriers/memory-transport.ts';
import type { EmulatorOptions } from './options.ts';
import { checkOptions } from './options.ts';
import { findMalformed, parseBody, withoutNulls } from './read-body.ts';
import { findRefusal } from './refusals.ts';
import { renderBalance, renderModels } from './render.ts';
import type { EmulatorReply } from './reply.ts';
import type { ReplyQueue } from './reply-queue.ts';
import { createReplyQueue } from './reply-queue.ts';
import { respond } from './respond.ts';
import { findCall } from './routes.ts';
import type { HandleRequest, PlayedResponse, ReceivedRequest } from './script.ts';
import type { EmulatorRequest } from './wire-request.ts';

/** The built-in vendors, and your own, without a network. */
export interface Emulator {
  /** Every request so far, including refused ones. The list grows. */
  readonly requests: readonly EmulatorRequest[];
  /**
   * Queues replies: the next chat or text completion request that the vendor does not refuse gets the first one. If one of
   * them cannot be used, none is queued.
   *
   * @example
   * emulator.reply({ content: 'Forty-two.' }, { error: 'rate_limit' }, { writes: ['data: {"choices":[', 'reset'] });
   * @throws ChatError `invalid_options` that says which reply cannot be used, and why
   */
  reply(...replies: EmulatorReply[]): void;
  /** The queued replies that no request has used yet. The list shrinks as they are used. */
  readonly pendingReplies: readonly EmulatorReply[];
  /**
   * Makes sure that every queued reply was used.
   *
   * @example
   * afterEach(() => emulator.assertNoPendingReplies());
   * @throws Error that says how many are left, and what the next one is
   */
  assertNoPendingReplies(): void;
  /**
   * What to give a client as `baseURL`. A provider of your own that is given here is emulated from then on, as with the
   * option `providers`.
   *
   * @example
   * const mine = defineProvider({ id: 'mine', baseURL: 'https://llm.example/v1' });
   * const client = createClient({ provider: mine, baseURL: emulator.baseURL(mine), apiKey: 'any' });
   * @throws ChatError `invalid_options` that lists the known vendors
   */
  baseURL(provider: ProviderId | Provider): string;
  /** The emulator as a transport in memory, for clients with any of the vendors' own base URLs. */
  readonly transport: Transport;
}

/** The emulator itself, whatever carries its bytes. */
export interface EmulatorCore extends Emulator {
  readonly vendors: KnownVendors;
  /** @throws ChatError `invalid_options` for what the test did wrong */
  handle: HandleRequest;
}

/**
 * Emulates the vendors in memory, without a key and without a network. They refuse what the vendors refuse, answer in the
 * vendors' dialects, and keep a list of what was asked.
 *
 * @example
 * const emulator = createEmulator();
 * const client = createClient({ provider: 'aimlapi', apiKey: 'any', transport: emulator.transport });
 * emulator.reply({ content: 'Forty-two.' });
 * const { choices } = await client.chat.completions.create({ messages });
 * emulator.assertNoPendingReplies();
 * @throws ChatError `invalid_options`
 */
export function createEmulator(options: EmulatorOptions = {}): Emulator {
  return createEmulatorCore(options);
}

/** @throws ChatError `invalid_options` */
export function createEmulatorCore(given: EmulatorOptions): EmulatorCore {
  checkOptions(given);
  const options = { ...given };
  const requests: EmulatorRequest[] = [];
  const queue = createReplyQueue(options);
  const vendors = createKnownVendors(options.providers);
  const core: EmulatorCore = {
    requests,
    reply: queue.add,
    pendingReplies: queue.pending,
    assertNoPendingReplies: queue.assertNone,
    vendors,
    baseURL: (provider) => vendors.find(provider).profile.baseURL,
    get transport() {
      return memoryTransport(core.handle, vendors);
    },
    handle(provider, received) {
      const dialect = dialectOf(provider);
      const request = readRequest(provider, dialect, received);
      requests.push(request);
      const { authorization = '' } = received.headers;
      try {
        return answerRequest({ provider, dialect, request }, authorization, queue, options);
      } catch (cause) {
        if (isChatError(cause)) throw cause;
        const message = `The emulator failed while answering a request: ${String(cause)}`;
        throw new ChatError('invalid_options', message, { cause });
      }
    },
  };
  return core;
}

/** For carriers that have nothing but statuses: what a test did wrong is a 400 in plain words, which no client sends again. */
export function answerInWords(handle: HandleRequest): HandleRequest {
  return (provider, request) => {
    try {
      return handle(provider, request);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return dialectOf(provider).renderError('bad_request', { message });
    }
  };
}

function readRequest(
  provider: Provider,
  { extraDocumented }: Dialect,
  { method, path, headers, body: text }: ReceivedRequest,
): EmulatorRequest {
  const { authorization: _key, ...shown } = headers;
  const body = parseBody(text);
  const isChat = body?.messages !== undefined && findMalformed(body) === undefined;
  const undocumented = isChat ? findUndocumented(provider, extraDocumented, body) : [];
  return { provider: provider.id, method, path, headers: shown, body, undocumented };
}

/** A request, and who is to answer it. */
interface Called {
  provider: Provider;
  dialect: Dialect;
  request: EmulatorRequest;
}

function answerRequest(
  called: Called,
  authorization: string,
  queue: ReplyQueue,
  options: EmulatorOptions,
): PlayedResponse {
  const { provider, dialect, request } = called;
  const { renderError } = dialect;
  if (!/^Bearer \S+$/.test(authorization)) return renderError('missing_key', {});
  if (authorization === 'Bearer wrong') return renderError('authentication', {});
  const call = findCall(provider, request.method, request.path);
  switch (call) {
    case 'chat':
    case 'fill':
      return answerAsked(called, call, queue, options);
    case 'models':
      return renderModels(provider, dialect);
    case 'balance':
      return renderBalance(dialect);
    default:
      return renderError('not_found', {});
  }
}

function answerAsked(
  { provider, dialect, request }: Called,
  call: 'chat' | 'fill',
  queue: ReplyQueue,
  { strict = false, delayMs = 0 }: EmulatorOptions,
): PlayedResponse {
  const { renderError } = dialect;
  if (request.body === undefined) return renderError('bad_request', {});
  const malformed = findMalformed(request.body);
  if (malformed !== undefined) return renderError('bad_request', { message: malformed });
  const body = withoutNulls(request.body);
  const refusal =
    call === 'fill'
      ? findFillRefusal(provider, body, strict)
      : findRefusal(provider, dialect, { ...request, body }, strict);
  if (refusal !== undefined) return renderError(refusal.kind, refusal);
  const reply = queue.next(request);
  if (reply === undefined) return renderError('bad_request', { message: noReply(request) });
  return respond({ provider, dialect, call, body, delayMs }, reply);
}

function noReply({ method, path }: EmulatorRequest): string {
  return (
    `The emulator has no reply for this request (${method} ${path}): queue one with reply(), or give one in the ` +
    "option answer. No reply is made up, because option unscripted is 'error'."
  );
}
