import type { Socket } from 'node:net';
import { createClient, isChatError, undiciTransport } from 'deepseek-v4-flash';
import { Agent } from 'undici';
import { key, params } from './streams.ts';
import { seededRandom } from '../kit/random.ts';
import { responseOf, startRawServer } from '../kit/raw-server.ts';
import { inLanes, pause } from '../kit/time.ts';
import { wholeAnswer } from '../kit/hello.ts';

/** How long the server keeps an idle connection. */
const idleMs = 20;

export interface KeepAliveRace {
  calls: number;
  /** Requests that came on a connection that had been used before. */
  reused: number;
  /** Requests that reached the server, those that it met by closing included. */
  sends: number;
  failures: string[];
}

/**
 * A server that closes what was idle for 20 ms, and callers that come back after 15 to 25: many requests meet the close.
 * In one process few of them really cross it, so every tenth call on a used connection is made to: once, since a call
 * whose every send meets a close has no promise.
 */
export async function raceKeepAlive(options: {
  calls: number;
  lanes: number;
  seed: number;
}): Promise<KeepAliveRace> {
  const next = seededRandom(options.seed);
  const closers = new Map<Socket, ReturnType<typeof setTimeout>>();
  const met = new Set<string>();
  let reused = 0;
  const server = await startRawServer(({ socket, numberOnSocket, header }) => {
    clearTimeout(closers.get(socket));
    const call = header('x-call');
    if (numberOnSocket > 1 && ++reused % 10 === 0 && !met.has(call)) {
      met.add(call);
      socket.destroy();
      return;
    }
    socket.write(responseOf(200, wholeAnswer));
    if (numberOnSocket === 1) {
      socket.once('close', () => {
        clearTimeout(closers.get(socket));
        closers.delete(socket);
      });
    }
    closers.set(
      socket,
      setTimeout(() => socket.destroy(), idleMs),
    );
  });
  // As the library's own agent has it: it keeps idle connections longer than this server does.
  const agent = new Agent({ keepAliveTimeout: 4_000, keepAliveMaxTimeout: 25_000, pipelining: 1 });
  const client = createClient({
    apiKey: key,
    baseURL: server.url,
    transport: undiciTransport({ dispatcher: agent }),
  });
  const failures: string[] = [];
  await inLanes(options.lanes, options.calls, async (at) => {
    try {
      await client.chat.completions.create(
        { ...params, stream: false },
        { headers: { 'x-call': String(at) } },
      );
    } catch (error) {
      failures.push(isChatError(error) ? `${error.code}: ${error.message}` : String(error));
    }
    await pause(15 + next() * 10);
  });
  await agent.close();
  await server.close();
  return { calls: options.calls, reused, sends: server.requests, failures };
}
