import { refuse } from './check-reply.ts';
import { callback, delayMs, flag, oneOf, strictRecord } from './checks.ts';
import type { Provider } from '../../dialect/provider.ts';
import { ownProviders } from './known-vendors.ts';
import type { EmulatorReply } from './reply.ts';
import type { EmulatorRequest } from './wire-request.ts';

/** Options of the emulator. An option that does not exist, or makes no sense, is `invalid_options`. */
export interface EmulatorOptions {
  /** Refuse fields that the vendor does not document. @default false: they are listed in `requests[].undocumented` */
  strict?: boolean | undefined;
  /** Milliseconds before each event of a stream. @default 0 */
  delayMs?: number | undefined;
  /**
   * Answers a chat request, or a gap to fill, that no reply is queued for. `undefined` is no reply; `{}` is an answer that
   * fits the request. It cannot be async. If it throws, or returns a reply that means nothing, the request fails: with
   * `invalid_options` in memory, with a 400 in plain words elsewhere.
   *
   * @default none
   * @example
   * createEmulator({ answer: ({ body }) => ({ content: `${body?.messages?.length} messages` }) });
   */
  answer?: ((request: EmulatorRequest) => EmulatorReply | undefined) | undefined;
  /**
   * What becomes of a chat request, or a gap to fill, that is given no reply, neither by `reply()` nor by `answer`. With
   * `answer`, an answer that fits it is made up. With `error` it gets a 400 that says so, which a client throws as
   * `bad_request`: so a test notices a request that it did not expect.
   *
   * @default 'answer'
   * @example
   * const emulator = createEmulator({ unscripted: 'error' });
   * emulator.reply({ content: 'One.' });
   * // The first request is answered, the second one refused.
   */
  unscripted?: 'answer' | 'error' | undefined;
  /**
   * Vendors of your own, made with `defineProvider`, to be emulated beside the known ones; one with the id of a known vendor takes
   * its place. Each answers as its profile says, and for the rest in OpenAI's form: under its id on a socket, at the host of
   * its own base URL in memory and in msw. There, if two have the same host and paths, the last one given answers.
   *
   * @default none
   * @example
   * const mine = defineProvider({ id: 'mine', baseURL: 'https://llm.example/v1', caps: { max_tokens: 8192 } });
   * const emulator = createEmulator({ providers: [mine] });
   * const client = createClient({ provider: mine, apiKey: 'any', transport: emulator.transport });
   */
  providers?: readonly Provider[] | undefined;
}

const check = strictRecord<EmulatorOptions>(
  {
    strict: flag,
    delayMs,
    answer: callback,
    unscripted: oneOf(['answer', 'error']),
    providers: ownProviders,
  },
  [],
);

/** @throws ChatError `invalid_options` */
export function checkOptions(options: EmulatorOptions): void {
  refuse('The emulator cannot use these options', check(options, 'options'));
}
