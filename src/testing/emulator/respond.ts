import type { Provider } from '../../dialect/provider.ts';
import { composeAnswer } from './answer.ts';
import { callSafely, checkPlayed } from './check-reply.ts';
import type { Dialect } from './dialect.ts';
import { renderFill } from './fill.ts';
import { renderStream, renderWhole } from './render.ts';
import type { EmulatorReply } from './reply.ts';
import type { EmulatorScript, PlayedResponse } from './script.ts';
import type { WireRequest } from './wire-request.ts';

/** A request that the vendor does not refuse. */
export interface AcceptedRequest {
  provider: Provider;
  dialect: Dialect;
  call: 'chat' | 'fill';
  body: WireRequest;
  /** Between the events of a stream. */
  delayMs: number;
}

/** What a reply becomes at the vendor that was asked. @throws ChatError `invalid_options` if a fault makes no answer */
export function respond(request: AcceptedRequest, reply: EmulatorReply): PlayedResponse {
  if ('fault' in reply) {
    const plain = respond(request, reply.answer ?? {});
    const played = callSafely('fault', () => reply.fault(plain));
    checkPlayed(played);
    return played;
  }
  const { provider, dialect, call, body, delayMs } = request;
  if ('writes' in reply) return asScripted(body, reply);
  if ('error' in reply) return dialect.renderError(reply.error, reply);
  if (call === 'fill') return renderFill(dialect, provider, body, reply);
  const answer = composeAnswer(provider, body, reply);
  return body.stream
    ? renderStream(dialect, body, answer, delayMs)
    : renderWhole(dialect, body, answer);
}

function asScripted(
  { stream }: WireRequest,
  { status = 200, headers, writes }: EmulatorScript,
): PlayedResponse {
  const type = stream ? 'text/event-stream; charset=utf-8' : 'application/json';
  return { status, headers: headers ?? { 'content-type': type }, writes };
}
