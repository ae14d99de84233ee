import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cleanups } from './cleanups.ts';

// A server of Node's own, for one test.

/** Its address, without a slash at the end. */
export async function serve(handle: RequestListener): Promise<string> {
  const { url, close } = await listen(handle);
  cleanups.push(close);
  return url;
}

/** The same for as long as the caller likes. */
export async function listen(handle: RequestListener): Promise<{ url: string; close(): void }> {
  const server = createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
