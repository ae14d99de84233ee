import { vi } from 'vitest';
import { WebSocket } from 'undici';
import { freePorts } from '../kit/process.ts';
import type { OpenPage } from './browser.ts';
import { browsers, openPage } from './browser.ts';

// A page of Chromium that is driven from here, by the protocol of its developer tools.

export interface DrivenPage extends OpenPage {
  /** The value of an expression in the page, which may be a promise. Throws what it throws. */
  evaluate(expression: string): Promise<unknown>;
  send(method: string, params?: object): Promise<Record<string, unknown>>;
  /** A picture of what is seen, as PNG. */
  screenshot(): Promise<Buffer>;
}

interface Answer {
  id?: number;
  result?: Record<string, unknown>;
  error?: { message: string };
}

/** @param path of Chromium */
export async function drivePage(path: string, url: string): Promise<DrivenPage> {
  const [port = 0] = await freePorts(1);
  const { args, ...chromium } = browsers.Chromium;
  const page = await openPage(
    path,
    { ...chromium, args: (profile) => [...args(profile), `--remote-debugging-port=${port}`] },
    url,
  );
  const socket = await Promise.race([connect(port), page.ended]);
  const waiting = new Map<number, (answer: Answer) => void>();
  let lastId = 0;
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer;
    waiting.get(answer.id ?? 0)?.(answer);
  });
  const send: DrivenPage['send'] = async (method, params = {}) => {
    const id = ++lastId;
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { result = {}, error } = await Promise.race([answered, page.ended]);
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  return {
    ...page,
    send,
    async evaluate(expression) {
      const params = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await send('Runtime.evaluate', params);
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value?: unknown }).value;
    },
    async screenshot() {
      const { data } = await send('Page.captureScreenshot', { format: 'png' });
      return Buffer.from(String(data), 'base64');
    },
  };
}

async function connect(port: number): Promise<WebSocket> {
  const address = await vi.waitFor(
    async () => {
      const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
        type: string;
        webSocketDebuggerUrl: string;
      }[];
      const page = targets.find(({ type }) => type === 'page');
      if (page === undefined) throw new Error('There is no page yet');
      return page.webSocketDebuggerUrl;
    },
    { timeout: 60_000, interval: 100 },
  );
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  return socket;
}
