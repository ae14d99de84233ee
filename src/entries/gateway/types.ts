import type { OnDisconnect } from '../../index.ts';

// The web's own types, where the user's program has them, so that ours need neither DOM nor Node to be read.

type Instance<Name extends string, Otherwise> = typeof globalThis extends {
  [K in Name]: { prototype: infer Type };
}
  ? Type
  : Otherwise;

/** A web `Request`. */
export type FetchRequest = Instance<'Request', GatewayRequest>;
/** A web `Response`. */
export type FetchResponse = Instance<'Response', unknown>;

type Fetch = typeof globalThis extends { fetch: infer Type } ? Type : never;
type Parameter<Index extends 0 | 1, Otherwise> = [Fetch] extends [never]
  ? Otherwise
  : Fetch extends (...given: infer Given) => unknown
    ? Given[Index]
    : Otherwise;

/** The first argument of `fetch`. */
export type FetchInput = Parameter<0, unknown>;
/** The second argument of `fetch`. */
export type FetchInit = Parameter<1, unknown>;

/** A function like `fetch`. */
export type FetchFunction = (input: FetchInput, init?: FetchInit) => Promise<FetchResponse>;

/** What `authorize` receives of a request: method, URL and headers. A web `Request` fits. */
export interface GatewayRequest {
  /** HTTP method. */
  readonly method: string;
  /** With `nodeHandler`, only the path. */
  readonly url: string;
  /** The headers, by name. */
  readonly headers: { get(name: string): string | null };
}

/**
 * Options of {@link createHandler}. There is none for what a visitor may ask: build a request of the fields that you allow, and
 * give the handler that.
 */
export interface HandlerOptions {
  /**
   * Allows a request by returning `true`. Anything else, also an error that it throws, is a 401.
   *
   * @example
   * authorize: ({ headers }) => headers.get('authorization') === `Bearer ${process.env.GATEWAY_TOKEN}`
   */
  authorize: (request: GatewayRequest) => boolean | Promise<boolean>;
  /** Milliseconds of silence in a stream after which a comment is sent; `Infinity` for none. @default 15_000 */
  keepAliveMs?: number | undefined;
  /**
   * What happens to a call when its visitor leaves. `abort` cancels the request. `finish` reads the answer to its end, so
   * that hooks, report and cost are complete; it is paid for in whole.
   *
   * @default 'abort'
   */
  onDisconnect?: OnDisconnect | undefined;
}

/** A function from request to response, as Hono, workers, Deno, Bun and Next accept it. */
export type Handler = (request: FetchRequest) => Promise<FetchResponse>;

/** The part of a `node:http` request that is used; Express's fits. */
export interface NodeRequestLike {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** The body, if a body parser has already read it. */
  readonly body?: unknown;
  on(event: 'data', listener: (piece: Uint8Array) => void): unknown;
  on(event: string, listener: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

/** The part of a `node:http` response that is used. */
export interface NodeReplyLike {
  readonly destroyed: boolean;
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  flushHeaders(): void;
  write(bytes: Uint8Array): boolean;
  end(body?: Uint8Array | string): unknown;
  readonly flush?: (() => void) | undefined;
  destroy(): unknown;
  on(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
}

/** A listener for `createServer` of `node:http`, or a handler for Express. Resolves when everything is sent. */
export type NodeHandler = (request: NodeRequestLike, response: NodeReplyLike) => Promise<void>;
