import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { ClientOptions, Transport } from 'deepseek-v4-flash';
import { fetchTransport, undiciTransport } from 'deepseek-v4-flash';
import { faults } from 'deepseek-v4-flash/testing';
import { Agent, ProxyAgent, fetch as undiciFetch } from 'undici';
import { expect } from 'vitest';
import type { Kit } from '../kit/matrix.ts';
import { expectAnswer, expectFailure, failureOf, fine, params, row } from '../kit/matrix.ts';
import { eventually } from '../kit/time.ts';

/** A server of bare connections. */
async function listen(
  onConnection: (socket: Socket) => void,
): Promise<AsyncDisposable & { port: number; count(): number; open(): number }> {
  let count = 0;
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    count++;
    open.add(socket);
    // Unread, a connection never tells that the other side has ended it.
    socket
      .on('error', () => {})
      .on('close', () => open.delete(socket))
      .resume();
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    count: () => count,
    open: () => open.size,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const { port, ...server } = await listen(() => {});
  await server[Symbol.asyncDispose]();
  return port;
}

function over({ name }: Kit, dispatcher: Agent | ProxyAgent): Transport {
  if (name === 'undici') return undiciTransport({ dispatcher });
  const send = (url: string, init: object): Promise<Response> =>
    undiciFetch(url, { ...init, dispatcher }) as unknown as Promise<Response>;
  return fetchTransport({
    fetch: send as NonNullable<Parameters<typeof fetchTransport>[0]>['fetch'],
  });
}

type Lookup = (
  host: string,
  options: object,
  done: (error: Error | null, addresses?: { address: string; family: number }[]) => void,
) => void;

const resolving = (lookup: Lookup): Agent => new Agent({ connect: { lookup } as object });

/** Fails as `connection`, after as many attempts as were allowed. */
async function expectNoConnection(
  kit: Kit,
  options: ClientOptions,
  cause: object,
  attempts = 2,
): Promise<void> {
  const failure = await expectFailure(kit, kit.ask({ maxRetries: 1, ...options }), {
    code: 'connection',
    requests: 0,
  });
  expect(failure.message).not.toBe('');
  expect(failure.cause).toMatchObject(cause);
  expect(failure.report.attempts).toHaveLength(attempts);
}

export function connectRows(): void {
  row('C1', 'a closed port is connection, and tried again', async (kit) => {
    const baseURL = `http://127.0.0.1:${await closedPort()}`;
    await expectNoConnection(kit, { baseURL }, { code: 'ECONNREFUSED' });
  });

  row('C2', 'a name that does not resolve is connection', async (kit) => {
    const agent = resolving((host, _options, done) =>
      done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })),
    );
    const options = { baseURL: 'https://vendor.invalid', transport: over(kit, agent) };
    await expectNoConnection(kit, options, { code: 'ENOTFOUND' });
    await agent.destroy();
  });

  row('C3', 'a connection that never stands is timeout, in time', async (kit) => {
    const agent = new Agent({ connect: () => {} });
    const timeout = { connect: 60, headers: 60 };
    const failure = await expectFailure(
      kit,
      kit.ask({ transport: over(kit, agent), timeout, maxRetries: 1 }),
      { code: 'timeout', phase: kit.name === 'undici' ? 'connect' : 'headers', requests: 0 },
    );
    expect(failure.report.attempts).toHaveLength(2);
    void agent.destroy();
  });

  row(
    'C4',
    'something that is not TLS behind https is connection, and not tried again',
    async (kit) => {
      await using server = await listen((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
      const baseURL = `https://127.0.0.1:${server.port}`;
      const cause = { code: expect.stringMatching(/SSL|TLS/) as string };
      await expectNoConnection(kit, { baseURL }, cause, 1);
    },
  );

  row('C5', 'a TLS handshake that stalls is timeout, and tried again', async (kit) => {
    await using server = await listen(() => {});
    const baseURL = `https://127.0.0.1:${server.port}`;
    const timeout = { connect: 60, headers: 60 };
    const failure = await expectFailure(kit, kit.ask({ baseURL, timeout, maxRetries: 1 }), {
      code: 'timeout',
      phase: kit.name === 'undici' ? 'connect' : 'headers',
      requests: 0,
    });
    expect(failure.report.attempts).toHaveLength(2);
  });

  row(
    'C6',
    'a connection that is accepted and reset is connection, and tried again',
    async (kit) => {
      await using server = await listen((socket) => socket.resetAndDestroy());
      const baseURL = `http://127.0.0.1:${server.port}`;
      await expectNoConnection(kit, { baseURL, timeout: { headers: 1_000 } }, {});
      await eventually('the close', () => server.open() === 0);
    },
  );

  row(
    'C7',
    'a connection that is accepted and ended is connection, and tried again',
    async (kit) => {
      await using server = await listen((socket) => socket.end());
      const baseURL = `http://127.0.0.1:${server.port}`;
      await expectNoConnection(kit, { baseURL, timeout: { headers: 1_000 } }, {});
      await eventually('the close', () => server.open() === 0);
    },
  );

  row('C8', 'two addresses that both refuse are connection, with words', async (kit) => {
    const agent = resolving((_host, _options, done) =>
      done(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '127.0.0.2', family: 4 },
      ]),
    );
    const baseURL = `http://two.test:${await closedPort()}`;
    const options = { baseURL, allowHttp: true, transport: over(kit, agent) };
    await expectNoConnection(kit, options, { code: 'ECONNREFUSED' });
    await agent.destroy();
  });

  row(
    'C9',
    'a call that waits for a connection of a full pool is timeout, and the pool works afterwards',
    async (kit) => {
      const agent = new Agent({ connections: 1 });
      const transport = over(kit, agent);
      kit.faulty(faults.noAnswer('hang'), fine);
      const controller = new AbortController();
      const first = failureOf(kit.ask({ transport }, { signal: controller.signal }));
      await eventually('the first request', () => kit.server.requests.length === 1);
      const second = await failureOf(kit.ask({ transport, timeout: { connect: 100 } }));
      expect(second).toMatchObject({ code: 'timeout', phase: 'connect' });
      controller.abort();
      expect((await first).code).toBe('aborted');
      await expectAnswer(kit, kit.ask({ transport }).then(withoutAttempts), { requests: 2 });
      await agent.destroy();
    },
    ['undici'],
  );

  row('C10', 'a proxy that refuses to connect is connection', async (kit) => {
    await using proxy = await listen((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')),
    );
    const agent = new ProxyAgent(`http://127.0.0.1:${proxy.port}`);
    const options = { baseURL: 'https://vendor.invalid', transport: over(kit, agent) };
    const failure = await expectFailure(kit, kit.ask(options), { code: 'connection', requests: 0 });
    expect(failure.message).toContain('vendor.invalid');
    await agent.destroy();
  });
}

/** For a server that was asked by other calls as well. */
function withoutAttempts<T extends { report: { attempts: unknown[] } }>(completion: T): T {
  completion.report.attempts.unshift(completion.report.attempts[0]);
  return completion;
}

export function headRows(): void {
  row('H1', 'no head is timeout of phase headers, and asked for again', async (kit) => {
    const timeout = { connect: 50, headers: 60 };
    kit.faulty(faults.noAnswer('hang'), faults.noAnswer('hang'));
    const outcome = { code: 'timeout', phase: 'headers', requests: 2 } as const;
    await expectFailure(kit, kit.ask({ timeout, maxRetries: 1 }), outcome);
  });

  row(
    'H2',
    'a head that dribbles is timeout of phase headers, and asked for again',
    async (kit) => {
      const timeout = { connect: 50, headers: 100 };
      kit.faulty(faults.dribbledHead(20), faults.dribbledHead(1_000), fine);
      const completion = await kit.ask({ timeout, maxRetries: 2 });
      expect(completion.report.attempts).toMatchObject([
        { error: 'timeout', phase: 'headers' },
        { error: 'timeout', phase: 'headers' },
        { status: 200 },
      ]);
    },
  );

  row('H2', 'a head that dribbles in time is a head', async (kit) => {
    kit.faulty(faults.dribbledHead(1));
    await expectAnswer(kit, kit.ask());
  });

  for (const end of ['fin', 'reset'] as const) {
    row('H3', `${end} before and inside the head is connection, and asked again`, async (kit) => {
      kit.faulty(faults.noAnswer(end), faults.cutHead(20, end), faults.cutHead(60, end));
      const outcome = { code: 'connection', requests: 3 } as const;
      await expectFailure(kit, kit.stream({ maxRetries: 2 }).finalCompletion(), outcome);
    });
  }

  row('H4', 'a head that is too large is limit_exceeded, and not asked for again', async (kit) => {
    kit.faulty(faults.largeHead());
    await expectFailure(kit, kit.ask({ maxRetries: 2 }), {
      code: 'limit_exceeded',
      retryable: false,
    });
    kit.faulty(faults.manyHeaders());
    const many = expectFailure(kit, kit.ask({ maxRetries: 2 }), {
      code: 'limit_exceeded',
      requests: 2,
    });
    expect((await many).retryable).toBe(false);
  });

  row(
    'H5',
    'something that is not HTTP is invalid_response, and not asked for again',
    async (kit) => {
      kit.faulty(faults.notHttp());
      await expectFailure(kit, kit.ask({ maxRetries: 2 }), {
        code: 'invalid_response',
        retryable: false,
      });
      kit.faulty(faults.notHttp('{"choices":[]}\n'));
      await expectFailure(kit, kit.ask({ maxRetries: 2 }), {
        code: 'invalid_response',
        requests: 2,
      });
    },
  );

  row('H6', 'two lengths, and a length with chunks, are invalid_response', async (kit) => {
    kit.faulty(faults.twoLengths(), faults.lengthAndChunks());
    await expectFailure(kit, kit.ask({ maxRetries: 2 }), { code: 'invalid_response' });
    await expectFailure(kit, kit.ask({ maxRetries: 2 }), { code: 'invalid_response', requests: 2 });
  });

  row('H7', 'informational heads are no answer', async (kit) => {
    const early = faults.informational({ count: 9 });
    kit.faulty(faults.compose(early, faults.informational({ status: 102 })));
    await expectAnswer(kit, kit.ask());
  });

  row('H7', 'a 100 that nobody waits for is connection, since undici takes none', async (kit) => {
    kit.faulty(faults.informational({ status: 100 }), fine);
    await expectAnswer(kit, kit.ask({ maxRetries: 1 }), { requests: 2 });
  });

  row('H8', 'informational heads for ever are timeout of phase headers', async (kit) => {
    kit.faulty(faults.informational({ count: Infinity, everyMs: 1 }));
    const timeout = { connect: 50, headers: 150 };
    await expectFailure(kit, kit.ask({ timeout }), { code: 'timeout', phase: 'headers' });
  });

  row('H9', '204, 205 and 304 are no answers', async (kit) => {
    kit.faulty(faults.status(204), faults.status(205), faults.status(304));
    await expectFailure(kit, kit.ask(), { code: 'stream_interrupted' });
    await expectFailure(kit, kit.stream().finalCompletion(), {
      code: 'stream_interrupted',
      requests: 2,
    });
    const unmodified = { code: 'invalid_response', status: 304, requests: 3 } as const;
    await expectFailure(kit, kit.ask({ maxRetries: 2 }), unmodified);
  });

  for (const status of [301, 302, 303, 307, 308] as const) {
    row('H10', `a ${status} is not followed, to whatever place`, async (kit) => {
      await using other = await listen(() => {});
      const here = kit.server.baseURL('deepseek');
      kit.faulty(
        faults.redirect(`http://127.0.0.1:${other.port}/elsewhere?token=alpha`, status),
        faults.redirect(`${here}/chat/completions`, status),
      );
      const outcome = {
        code: 'unexpected_redirect',
        status,
        retryable: false,
      } as const;
      const failure = await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome);
      expect(failure.message).toContain(`127.0.0.1:${other.port}`);
      expect(failure.message).not.toContain('elsewhere');
      await expectFailure(kit, kit.stream({ maxRetries: 2 }).finalCompletion(), {
        ...outcome,
        requests: 2,
      });
      expect(other.count()).toBe(0);
    });
  }

  row('H11', 'a stream without a content type is a stream', async (kit) => {
    kit.faulty(faults.headers({ 'content-type': undefined }));
    await expectAnswer(kit, kit.stream().finalCompletion());
  });

  row(
    'H12',
    'a web page with status 200 is invalid_response, and not asked for again',
    async (kit) => {
      kit.faulty(faults.webPage('alpha, please log in'), faults.webPage('alpha, please log in'));
      const outcome = { code: 'invalid_response', retryable: false } as const;
      await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome);
      const streamed = kit.stream({ maxRetries: 2 }).finalCompletion();
      await expectFailure(kit, streamed, { ...outcome, requests: 2 });
    },
  );

  row('H13', 'an answer that is compressed unasked is read', async (kit) => {
    kit.faulty(faults.gzip());
    await expectAnswer(kit, kit.ask());
  });

  row(
    'H14',
    'encodings that nobody asked for, one or many, are invalid_response',
    async (kit) => {
      const names = ['gzip, gzip, gzip, gzip, gzip, gzip', 'identity, gzip', 'x-unknown'];
      for (const [index, name] of names.entries()) {
        kit.faulty(faults.headers({ 'content-encoding': name }));
        const outcome = { code: 'invalid_response', requests: index + 1 } as const;
        await expectFailure(kit, kit.stream().finalCompletion(), outcome);
      }
    },
    ['undici'],
  );

  row(
    'H14',
    'six encodings are an error and no answer',
    async (kit) => {
      kit.faulty(faults.headers({ 'content-encoding': 'gzip, gzip, gzip, gzip, gzip, gzip' }));
      const failure = await failureOf(kit.ask());
      expect(['connection', 'invalid_response', 'stream_interrupted']).toContain(failure.code);
    },
    ['fetch'],
  );

  row('H15', 'a kept connection that is reset costs one attempt', async (kit) => {
    kit.faulty(fine, faults.noAnswer('reset'), fine);
    const client = kit.client({ maxRetries: 1 });
    await client.chat.completions.create(params);
    const completion = await client.chat.completions.create(params);
    expect(completion.report.attempts).toMatchObject([{ error: 'connection' }, { status: 200 }]);
    expect(kit.server.requests).toHaveLength(3);
  });

  row(
    'H16',
    'a kept connection that is reset twice is connection after two attempts',
    async (kit) => {
      kit.faulty(fine, faults.noAnswer('reset'), faults.noAnswer('reset'));
      const client = kit.client({ maxRetries: 1 });
      await client.chat.completions.create(params);
      const failure = await expectFailure(kit, client.chat.completions.create(params), {
        code: 'connection',
        requests: 3,
      });
      expect(failure.report.attempts).toHaveLength(2);
    },
  );

  row('H17', 'a connection that is closed each time is a new one each time', async (kit) => {
    for (let call = 0; call < 3; call++) {
      kit.faulty(faults.headers({ connection: 'close' }));
      await kit.ask();
    }
    expect(kit.server.connections.total).toBe(3);
    await eventually('the close', () => kit.server.connections.open === 0);
  });

  row('H18', 'a connection that is kept for a second at most is dropped before', async (kit) => {
    const hint = faults.headers({ connection: 'keep-alive', 'keep-alive': 'timeout=1' });
    kit.faulty(hint, hint);
    await kit.ask();
    await eventually('the close', () => kit.server.connections.open === 0);
    await kit.ask();
    expect(kit.server.connections.total).toBe(2);
  });
}
