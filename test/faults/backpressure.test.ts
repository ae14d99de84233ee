import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('held.mjs', import.meta.url));

test.each(['undici', 'fetch'])(
  'a reader that stops holds no more than 1 MiB (%s)',
  async (name) => {
    let written = 0;
    const event = `data: {"choices":[{"index":0,"delta":{"content":"${'x'.repeat(1000)}"},"finish_reason":null}]}\n\n`;
    const block = event.repeat(64);
    // As fast as the connection takes it, and far more than anybody's buffers.
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const push = (): void => {
        while (written < 200 * 1024 * 1024) {
          written += block.length;
          if (!response.write(block)) return;
        }
      };
      response.on('drain', push);
      push();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [
      '--expose-gc',
      '--import',
      'tsx',
      program,
      `http://127.0.0.1:${port}`,
      name,
    ]);
    server.closeAllConnections();
    server.close();
    expect(Number(stdout)).toBeLessThan(1024 * 1024);
    // The server was held back, too: what it could write lies in the kernel's buffers.
    expect(written).toBeLessThan(50 * 1024 * 1024);
  },
);

test('a read that has become chunks is let go of, however long the next one is in coming', async () => {
  const program = fileURLToPath(new URL('held-reads.mjs', import.meta.url));
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--expose-gc', '--import', 'tsx', program]);
  // The read has 90 kB.
  expect(Number(stdout)).toBeLessThan(30_000);
});

test('no bytes are read before somebody pulls', async () => {
  const { createClient } = await import('deepseek-v4-flash');
  let reads = 0;
  const bytes = new TextEncoder().encode(
    'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n',
  );
  const body = {
    read: async () => {
      reads++;
      return bytes;
    },
    cancel: () => {},
  };
  const transport = { send: async () => ({ status: 200, headers: {}, body }) };
  const client = createClient({ apiKey: 'test-key', transport });
  const messages = [{ role: 'user', content: 'x' } as const];
  const stream = await client.chat.completions.create({ messages, stream: true });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(reads).toBe(0);
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  await iterator.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(reads).toBe(2);
  stream.abort();
});
