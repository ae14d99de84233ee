// Entry `deepseek-v4-flash/gateway`: our vendors for programs that speak OpenAI's API, in their process or over HTTP.
export { createFetch } from './create-fetch.ts';
export { createHandler } from './create-handler.ts';
export { nodeHandler } from './node-handler.ts';
export type {
  FetchFunction,
  FetchInit,
  FetchInput,
  FetchRequest,
  FetchResponse,
  GatewayRequest,
  Handler,
  HandlerOptions,
  NodeHandler,
  NodeReplyLike,
  NodeRequestLike,
} from './types.ts';
