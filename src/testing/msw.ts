import type { HttpHandler } from 'msw';
import { http } from 'msw';
import type { Provider } from '../dialect/provider.ts';
import type { Emulator } from './emulator/emulator.ts';
import { refuse } from './emulator/check-reply.ts';
import { answerInWords, createEmulatorCore } from './emulator/emulator.ts';
import type { EmulatorOptions } from './emulator/options.ts';
import { isBytes, needsSocket, pause, unroll } from './emulator/script.ts';
import type { PlayedResponse } from './emulator/script.ts';

/** Handlers for msw, and the emulator behind them, which takes replies and keeps the requests. */
export type EmulatorHandlers = HttpHandler[] & { readonly emulator: Emulator };

/**
 * The known vendors, and those of the option `providers`, as request handlers of msw, at the vendors' own URLs. msw sees `fetch` and not undici's `request`: give
 * the client `fetchTransport()`.
 *
 * @example
 * const emulated = handlers({ unscripted: 'error' });
 * const server = setupServer(...emulated);
 * emulated.emulator.reply({ content: 'Forty-two.' });
 * @throws ChatError `invalid_options`
 */
export function handlers(options: EmulatorOptions = {}): EmulatorHandlers {
  const core = createEmulatorCore(options);
  const handle = answerInWords(core.handle);
  const origins = new Set(core.vendors.all().map(originOf));
  const all = [...origins].map((origin) =>
    http.all(`${origin}/*`, async ({ request }) => {
      const { method } = request;
      const { pathname: path } = new URL(request.url);
      const provider = core.vendors.at(origin, method, path);
      if (provider === undefined) return undefined;
      const played = handle(provider, {
        method,
        path,
        headers: Object.fromEntries(request.headers),
        body: await request.text(),
      });
      if (played.raw) return failBeforeHead(played);
      const { status, headers } = played;
      const hasBody = status !== 204 && status !== 205 && status !== 304;
      return new Response(hasBody ? asBody(played) : null, { status, headers });
    }),
  );
  const emulator: Emulator = {
    requests: core.requests,
    reply: core.reply,
    pendingReplies: core.pendingReplies,
    assertNoPendingReplies: core.assertNoPendingReplies,
    transport: core.transport,
    baseURL(given) {
      const provider = core.vendors.find(given);
      if (!origins.has(originOf(provider))) {
        const why = 'has no handler, since handlers() was not given it in its option providers';
        refuse('The emulator has no such vendor', { path: 'provider', why });
      }
      return provider.profile.baseURL;
    },
  };
  return Object.assign(all, { emulator });
}

function originOf({ profile }: Provider): string {
  return new URL(profile.baseURL).origin;
}

/** A connection that ends, or is silent, before its first byte; of anything else msw knows nothing. */
async function failBeforeHead({ writes }: PlayedResponse): Promise<Response> {
  for (const write of unroll(writes)) {
    if (typeof write === 'object' && 'delayMs' in write) await pause(write.delayMs);
    else if (write === 'hang') await new Promise<never>(() => {});
    // A status that nobody sends again, so that the words are seen.
    else if (isBytes(write)) return new Response(needsSocket, { status: 400 });
    else break;
  }
  return Response.error();
}

/** A script as a web stream. */
function asBody({ writes }: PlayedResponse): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const steps = unroll(writes);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value: write } = steps.next();
      if (write === undefined) controller.close();
      else if (write === 'reset' || write === 'fin') controller.error(new TypeError('terminated'));
      else if (write === 'hang') await new Promise<never>(() => {});
      else if (typeof write === 'string') controller.enqueue(encoder.encode(write));
      else if (write instanceof Uint8Array) controller.enqueue(write);
      else {
        await pause(write.delayMs);
        controller.enqueue(new Uint8Array());
      }
    },
  });
}
