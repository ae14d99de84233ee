import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';

/** A vendor that allows so many calls at the same time, and counts them. */
export interface Account {
  baseURL: string;
  readonly most: number;
  readonly refused: number;
  readonly running: number;
  /** Answers by the name of the process that asked. */
  readonly answers: Map<string, number>;
  /** The mean of how many ran between two moments. */
  measure(): () => number;
  forget(): void;
  close(): void;
}

/** DeepSeek's emulator behind a gate: above the limit it answers DeepSeek's own 429. */
export async function startAccount(limit: number, answerMs: number): Promise<Account> {
  const emulator = createEmulator();
  const client = createClient({ apiKey: 'k', transport: emulator.transport });
  let running = 0;
  let most = 0;
  let refused = 0;
  let sinceMs = performance.now();
  let area = 0;
  const answers = new Map<string, number>();
  const count = (change: number): void => {
    const nowMs = performance.now();
    area += running * (nowMs - sinceMs);
    sinceMs = nowMs;
    running += change;
    most = Math.max(most, running);
  };
  const whole = await client.chat.completions.create({
    messages: [{ role: 'user', content: 'Hi' }],
  });
  const body = JSON.stringify(whole);
  const tooMany = JSON.stringify({
    error: { message: 'Too many requests at the same time.', type: 'rate_limit_error' },
  });
  const server = createServer(async (request, response) => {
    request.resume();
    const isRefused = running >= limit;
    count(1);
    response.on('close', () => count(-1));
    response.setHeader('content-type', 'application/json');
    if (isRefused) {
      refused++;
      response.writeHead(429).end(tooMany);
      return;
    }
    await sleep(answerMs);
    const name = String(request.headers['x-process']);
    answers.set(name, (answers.get(name) ?? 0) + 1);
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get most() {
      return most;
    },
    get refused() {
      return refused;
    },
    get running() {
      return running;
    },
    answers,
    measure() {
      count(0);
      const [fromMs, fromArea] = [sinceMs, area];
      return () => {
        count(0);
        return (area - fromArea) / (sinceMs - fromMs);
      };
    },
    forget() {
      most = running;
      refused = 0;
      answers.clear();
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
