import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
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
  /** How often each prompt was let in, and so has to be paid. */
  readonly paid: Map<string, number>;
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
  const paid = new Map<string, number>();
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
  const tooMany = JSON.stringify({
    error: { message: 'Too many requests at the same time.', type: 'rate_limit_error' },
  });
  const server = createServer(async (request, response) => {
    const content = promptOf(await readText(request));
    const isRefused = running >= limit;
    count(1);
    response.on('close', () => count(-1));
    response.setHeader('content-type', 'application/json');
    if (isRefused) {
      refused++;
      response.writeHead(429).end(tooMany);
      return;
    }
    paid.set(content, (paid.get(content) ?? 0) + 1);
    await sleep(answerMs);
    const name = String(request.headers['x-process']);
    answers.set(name, (answers.get(name) ?? 0) + 1);
    const message = { role: 'assistant', content: `re: ${content}` };
    response.end(JSON.stringify({ ...whole, choices: [{ ...whole.choices[0], message }] }));
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
    paid,
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
      paid.clear();
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function promptOf(body: string): string {
  const { messages } = JSON.parse(body) as { messages: { content: string }[] };
  return messages.at(-1)?.content ?? '';
}
