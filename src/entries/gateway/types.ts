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

/** What `fetch` is given first. */
export type FetchInput = Parameter<0, unknown>;
/** What `fetch` is given second. */
export type FetchInit = Parameter<1, unknown>;

/** A function like `fetch`. */
export type FetchFunction = (input: FetchInput, init?: FetchInit) => Promise<FetchResponse>;

/** What `authorize` sees of a request: its head. A web `Request` is such. */
export interface GatewayRequest {
  /** HTTP method. */
  readonly method: string;
  /** Over `nodeHandler` the path alone. */
  readonly url: string;
  /** The headers, by name. */
  readonly headers: { get(name: string): string | null };
}

/** How a gateway is run. */
export interface HandlerOptions {
  /**
   * Lets a request in, by nothing but `true`. Anything else, and whatever it throws, is a 401.
   *
   * @example
   * authorize: ({ headers }) => headers.get('authorization') === `Bearer ${process.env.GATEWAY_TOKEN}`
   */
  authorize: (request: GatewayRequest) => boolean | Promise<boolean>;
  /** Milliseconds of silence in a stream after which a comment is sent; `Infinity` for none. @default 15_000 */
  keepAliveMs?: number | undefined;
}

/** A request in, a response out: what Hono, workers, Deno, Bun and Next take. */
export type Handler = (request: FetchRequest) => Promise<FetchResponse>;

/** What we need of a request of `node:http`; Express's is such. */
export interface NodeRequestLike {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** What a parser of bodies before us has made of it. */
  readonly body?: unknown;
  on(event: 'data', listener: (piece: Uint8Array) => void): unknown;
  on(event: string, listener: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

/** What we need of a response of `node:http`. */
export interface NodeReplyLike {
  readonly destroyed: boolean;
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  flushHeaders(): void;
  write(bytes: Uint8Array): boolean;
  end(bytes?: Uint8Array): unknown;
  readonly flush?: (() => void) | undefined;
  destroy(): unknown;
  on(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
}

/** A listener for `node:http`'s `createServer`, or a handler of Express. Resolves when all is sent. */
export type NodeHandler = (request: NodeRequestLike, response: NodeReplyLike) => Promise<void>;
