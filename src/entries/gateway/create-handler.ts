import type { Client } from '../../index.ts';
import { ChatError, isOnDisconnect } from '../../index.ts';
import { needClient } from '../client-of.ts';
import type { Answer } from './answer.ts';
import { errorAnswer, toResponse } from './answer.ts';
import { readWebBody } from './read-body.ts';
import type { Asked } from './serve.ts';
import { serve } from './serve.ts';
import type {
  FetchRequest,
  FetchResponse,
  GatewayRequest,
  Handler,
  HandlerOptions,
} from './types.ts';

/** Answers what has a head, and a body that can be asked for. */
export type Gateway = (
  head: GatewayRequest,
  rest: Pick<Asked, 'body' | 'signal'>,
) => Promise<Answer>;

/** The gateway in a handler of ours, so that `nodeHandler` need not make web objects of Node's. */
export const gateways = new WeakMap<object, Gateway>();

/**
 * A gateway: OpenAI's chat completions for clients of any kind, answered by the vendors of `client`. Keys stay in this
 * process. The body of a request is read only after `authorize` has allowed it. Headers for CORS are up to you. A visitor gets a
 * sentence for each code of an error, and the client's hook `onEnd` the error itself.
 *
 * @example
 * const handler = createHandler(createClient(), {
 *   authorize: ({ headers }) => headers.get('authorization') === `Bearer ${process.env.GATEWAY_TOKEN}`,
 * });
 * createServer(nodeHandler(handler)).listen(8080);
 *
 * @throws ChatError `invalid_options`
 */
export function createHandler<Options>(client: Client<Options>, options: HandlerOptions): Handler {
  needClient(client, 'A gateway');
  const { authorize, keepAliveMs, onDisconnect } = checked(options);
  const gateway: Gateway = async (head, { body, signal }) => {
    if (!(await isLetIn(authorize, head))) {
      const message = 'This request is not authorized';
      return errorAnswer(401, { message, code: 'unauthorized' });
    }
    const { method, url } = head;
    return serve(client as Client<never>, {
      method,
      url,
      body,
      signal,
      reader: 'visitor',
      keepAliveMs,
      onDisconnect,
    });
  };
  const handler = async (given: FetchRequest): Promise<FetchResponse> => {
    const request = given as Request;
    const answer = await gateway(request, {
      signal: request.signal,
      body: () => readWebBody(request),
    });
    return toResponse(answer) as unknown as FetchResponse;
  };
  gateways.set(handler, gateway);
  return handler;
}

/** By `true` alone, and never by accident. */
async function isLetIn(
  authorize: HandlerOptions['authorize'],
  { method, url, headers }: GatewayRequest,
): Promise<boolean> {
  try {
    // The head alone: a body that is read here would be gone.
    return (await authorize({ method, url, headers })) === true;
  } catch {
    return false;
  }
}

const names = ['authorize', 'keepAliveMs', 'onDisconnect'];

function checked(options: HandlerOptions): HandlerOptions {
  const unknown = Object.keys(options ?? {}).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const message = `The options of a gateway have no option ${unknown}; the options are ${names.join(', ')}`;
    throw new ChatError('invalid_options', message, { param: unknown });
  }
  if (
    options == null ||
    !Object.hasOwn(options, 'authorize') ||
    typeof options.authorize !== 'function'
  ) {
    const message =
      'Option authorize must be a function that returns true for the requests to allow';
    throw new ChatError('invalid_options', message, { param: 'authorize' });
  }
  const { keepAliveMs, onDisconnect } = options;
  const isTimer =
    keepAliveMs == null || keepAliveMs === Infinity || (keepAliveMs > 0 && keepAliveMs < 2 ** 31);
  if (!isTimer) {
    const message = 'Option keepAliveMs must be milliseconds above 0, or Infinity';
    throw new ChatError('invalid_options', message, { param: 'keepAliveMs' });
  }
  if (!isOnDisconnect(onDisconnect)) {
    const message = 'Option onDisconnect must be one of abort, finish';
    throw new ChatError('invalid_options', message, { param: 'onDisconnect' });
  }
  return options;
}
