import type { Provider } from '../providers/provider.ts';
import type { ProviderId } from '../providers/registry.ts';
import { providers } from '../providers/registry.ts';
import type { Transport } from '../transport/transport.ts';
import { composeAnswer } from './answer.ts';
import type { EmulatorAnswer } from './answer.ts';
import type { ErrorKind } from './dialects.ts';
import { dialects } from './dialects.ts';
import { findUndocumented } from './documented.ts';
import { memoryTransport } from './memory-transport.ts';
import { findFillRefusal, renderFill } from './fill.ts';
import { findRefusal } from './refusals.ts';
import type { EmulatorScript, HandleRequest, PlayedResponse } from './script.ts';
import type { EmulatorRequest, WireRequest } from './wire-request.ts';
import { renderBalance, renderModels, renderStream, renderWhole } from './render.ts';

/** One of the vendor's own errors, in its own status and form. */
export interface EmulatorError {
  error: ErrorKind;
  /** @default the vendor's own words */
  message?: string | undefined;
  headers?: Record<string, string> | undefined;
}

/** The vendor's own answer with something wrong with it. */
export interface EmulatorFault {
  /** Makes what is played of what the vendor would have said. */
  fault: (response: PlayedResponse) => PlayedResponse;
  /** What the vendor would have said. @default an answer that fits the request */
  answer?: EmulatorAnswer | EmulatorError | EmulatorScript | undefined;
}

/** What to answer: in words, as an error, in bytes, or with a fault. */
export type EmulatorReply = EmulatorAnswer | EmulatorError | EmulatorScript | EmulatorFault;

/** Options of the emulator. */
export interface EmulatorOptions {
  /** Refuse fields that the vendor does not document. @default false: they are listed in `requests[].undocumented` */
  strict?: boolean | undefined;
  /** Milliseconds between the events of a stream. @default 0 */
  delayMs?: number | undefined;
  /** Answers a request that no reply is queued for. @default an answer that fits the request */
  answer?: ((request: EmulatorRequest) => EmulatorReply | undefined) | undefined;
}

/** The six vendors, without a network. */
export interface Emulator {
  /** Every request so far. */
  readonly requests: readonly EmulatorRequest[];
  /** Queues replies: the next chat request that is not refused gets the first one. */
  reply(...replies: EmulatorReply[]): void;
  /** What to give a client as `baseURL`. */
  baseURL(provider: ProviderId): string;
  /** The same in memory: for clients with any of the vendors' own base URLs. */
  readonly transport: Transport;
}

/** The emulator itself, whatever carries its bytes. */
export interface EmulatorCore extends Emulator {
  handle: HandleRequest;
}

/**
 * The six vendors in memory. They refuse what the vendors refuse, answer in the vendors' dialects, and keep a list of
 * what was asked.
 *
 * @example
 * const emulator = createEmulator();
 * const client = createClient({ provider: 'aimlapi', apiKey: 'any', transport: emulator.transport });
 */
export function createEmulator(options: EmulatorOptions = {}): Emulator {
  return createEmulatorCore(options);
}

export function createEmulatorCore(options: EmulatorOptions): EmulatorCore {
  const requests: EmulatorRequest[] = [];
  const queue: EmulatorReply[] = [];

  const answerChat = (request: EmulatorRequest): PlayedResponse => {
    const provider: Provider = providers[request.provider];
    const dialect = dialects[request.provider];
    const refusal = findRefusal(provider, request, options.strict ?? false);
    if (refusal !== undefined) return dialect.renderError(refusal.kind, refusal);
    return respond(request, queue.shift() ?? options.answer?.(request) ?? {});
  };

  const answerFill = (request: EmulatorRequest): PlayedResponse => {
    const provider: Provider = providers[request.provider];
    const refusal = findFillRefusal(provider, request.body ?? {}, options.strict ?? false);
    if (refusal !== undefined)
      return dialects[request.provider].renderError('bad_request', refusal);
    return respond(request, queue.shift() ?? options.answer?.(request) ?? {});
  };

  const respond = (request: EmulatorRequest, reply: EmulatorReply): PlayedResponse => {
    if ('fault' in reply) return reply.fault(respond(request, reply.answer ?? {}));
    const provider: Provider = providers[request.provider];
    const dialect = dialects[request.provider];
    if ('writes' in reply) return asScripted(request, reply);
    if ('error' in reply) return dialect.renderError(reply.error, reply);
    if (request.path === pathOf(provider, 'fim')) {
      return renderFill(dialect, provider, request.body ?? {}, reply);
    }
    const answer = composeAnswer(provider, request.body ?? {}, reply);
    return request.body?.stream
      ? renderStream(dialect, request.body, answer, options.delayMs ?? 0)
      : renderWhole(dialect, request.body ?? {}, answer);
  };

  const core: EmulatorCore = {
    requests,
    reply: (...replies) => void queue.push(...replies),
    baseURL: (provider) => providers[provider].profile.baseURL,
    get transport() {
      return memoryTransport(core.handle);
    },
    handle(id, { method, path, headers, body }) {
      const { authorization, ...shown } = headers;
      const parsed = parse(body);
      const provider: Provider = providers[id];
      const request: EmulatorRequest = {
        provider: id,
        method,
        path,
        headers: shown,
        body: parsed,
        undocumented: parsed?.messages === undefined ? [] : findUndocumented(id, parsed),
      };
      requests.push(request);
      const { renderError } = dialects[id];
      const hasKey = /^Bearer \S+$/.test(authorization ?? '');
      if (!hasKey) return renderError('missing_key', {});
      if (authorization === 'Bearer wrong') return renderError('authentication', {});
      switch (`${method} ${path}`) {
        case `POST ${pathOf(provider, 'chat')}`:
        case `POST ${pathOf(provider, 'beta')}`:
          return parsed === undefined ? renderError('bad_request', {}) : answerChat(request);
        case `POST ${pathOf(provider, 'fim')}`:
          return parsed === undefined ? renderError('bad_request', {}) : answerFill(request);
        case `GET ${pathOf(provider, 'models')}`:
          return renderModels(provider);
        case `GET ${pathOf(provider, 'balance')}`:
          return renderBalance(provider);
        default:
          return renderError('not_found', {});
      }
    },
  };
  return core;
}

/** Path of one of the vendor's calls, on its own host. */
function pathOf(
  { profile }: Provider,
  name: 'chat' | 'beta' | 'fim' | 'models' | 'balance',
): string | undefined {
  const paths = { chat: 'chat/completions', fim: profile.fim?.path, ...profile.paths };
  const path = paths[name];
  return path === undefined ? undefined : new URL(path, `${profile.baseURL}/`).pathname;
}

function asScripted(
  { body }: EmulatorRequest,
  { status = 200, headers, writes }: EmulatorScript,
): PlayedResponse {
  const type = body?.stream ? 'text/event-stream; charset=utf-8' : 'application/json';
  return { status, headers: headers ?? { 'content-type': type }, writes };
}

function parse(body: string): WireRequest | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as WireRequest) : undefined;
  } catch {
    return undefined;
  }
}
