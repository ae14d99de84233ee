import type { HttpHandler } from 'msw';
import { http } from 'msw';
import type { Provider } from '../providers/provider.ts';
import type { ProviderId } from '../providers/registry.ts';
import { providers } from '../providers/registry.ts';
import type { Emulator, EmulatorOptions } from './emulator.ts';
import type { PlayedResponse } from './script.ts';
import { createEmulatorCore } from './emulator.ts';

/** Handlers for msw, and the emulator behind them. */
export type EmulatorHandlers = HttpHandler[] & { readonly emulator: Emulator };

/**
 * The six vendors as request handlers of msw, at the vendors' own URLs. msw sees `fetch` and not undici's `request`: give
 * the client `fetchTransport()`.
 *
 * @example
 * const server = setupServer(...handlers());
 */
export function handlers(options: EmulatorOptions = {}): EmulatorHandlers {
  const emulator = createEmulatorCore(options);
  const all = Object.values<Provider>(providers).map(({ id, profile }) =>
    http.all(`${new URL(profile.baseURL).origin}/*`, async ({ request }) => {
      const played = emulator.handle(id as ProviderId, {
        method: request.method,
        path: new URL(request.url).pathname,
        headers: Object.fromEntries(request.headers),
        body: await request.text(),
      });
      return new Response(asBody(played), { status: played.status, headers: played.headers });
    }),
  );
  return Object.assign(all, { emulator });
}

/** A script as a web stream. */
function asBody({ writes }: PlayedResponse): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const write = writes[next++];
      if (write === undefined) controller.close();
      else if (write === 'reset') controller.error(new TypeError('terminated'));
      else if (write === 'hang') await new Promise<never>(() => {});
      else if (typeof write === 'string') controller.enqueue(encoder.encode(write));
      else if (write instanceof Uint8Array) controller.enqueue(write);
      else {
        await new Promise((resolve) => setTimeout(resolve, write.delayMs));
        controller.enqueue(new Uint8Array());
      }
    },
  });
}
