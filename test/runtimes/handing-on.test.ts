import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer, get } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ChatStream, NodeResponseLike } from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import { createEmulator, faults } from 'deepseek-v4-flash/testing';
import { afterEach, describe, expect, test } from 'vitest';

// Each framework's way to hand a stream on: the whole answer arrives, and a visitor who leaves ends the request.

const load = createRequire(fileURLToPath(new URL('./package.json', import.meta.url)));

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

type Serve = (stream: () => ChatStream) => RequestListener | Promise<RequestListener>;

const ways: [string, Serve][] = [
  ['node:http', (stream) => (_, response) => void stream().pipeToResponse(response)],
  [
    'Express',
    (stream) => {
      const app = (
        load('express') as () => RequestListener & {
          get(path: string, handle: RequestListener): void;
        }
      )();
      app.get('/', async (_, response) => stream().pipeToResponse(response));
      return app;
    },
  ],
  [
    'Fastify',
    async (stream) => {
      interface Reply {
        raw: NodeResponseLike;
        hijack(): void;
      }
      const app = (
        load('fastify') as () => {
          get(path: string, handle: (request: unknown, reply: Reply) => Promise<void>): void;
          ready(): Promise<void>;
          routing: RequestListener;
        }
      )();
      app.get('/', async (_, reply) => {
        reply.hijack();
        await stream().pipeToResponse(reply.raw);
      });
      await app.ready();
      return app.routing;
    },
  ],
  [
    'Koa',
    (stream) => {
      interface Context {
        respond: boolean;
        res: NodeResponseLike;
      }
      const Koa = load('koa') as new () => {
        use(handle: (context: Context) => Promise<void>): void;
        callback(): RequestListener;
      };
      const app = new Koa();
      app.use(async (context) => {
        context.respond = false;
        await stream().pipeToResponse(context.res);
      });
      return app.callback();
    },
  ],
  [
    'Hono',
    (stream) => {
      const { Hono } = load('hono') as {
        Hono: new () => { get(path: string, handle: () => Response): void; fetch: unknown };
      };
      const { getRequestListener } = load('@hono/node-server') as {
        getRequestListener(fetch: unknown): RequestListener;
      };
      const app = new Hono();
      app.get('/', () => stream().toResponse());
      return getRequestListener(app.fetch);
    },
  ],
];

describe.each(ways)('over %s', (_name, serve) => {
  async function start(slowMs?: number): Promise<{ url: string; stream(): ChatStream }> {
    const emulator = createEmulator();
    emulator.reply(slowMs === undefined ? { content: 'Hello there.' } : faults.slow(slowMs));
    const client = createClient({ apiKey: 'any-key', transport: emulator.transport });
    let stream: ChatStream | undefined;
    const listener = await serve(() => {
      stream = client.chat.completions.stream({ messages: [{ role: 'user', content: 'Hi' }] });
      return stream;
    });
    server = createServer(listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/`, stream: () => stream as ChatStream };
  }

  test('the whole answer arrives', async () => {
    const { url } = await start();
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect((await response.text()).endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('a visitor who leaves ends the request', async () => {
    const { url, stream } = await start(20);
    const [response] = (await once(get(url), 'response')) as [IncomingMessage];
    await once(response, 'data');
    response.destroy();
    await expect(stream().finalCompletion()).rejects.toMatchObject({ code: 'aborted' });
  });
});
