import type { ByteReader, ChatError, ChatStream, TimeoutOptions } from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ReadLimits } from '../../src/call/watched-body.ts';
import { WatchedBody } from '../../src/call/watched-body.ts';

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

const minute = 60_000;
const bytes = new TextEncoder().encode('x');

interface Pipe {
  body: ByteReader;
  /** Gives bytes to the read that waits, or to the next one. */
  give(piece?: Uint8Array): void;
  end(): void;
  fail(error: unknown): void;
  isCancelled(): boolean;
}

/** A body whose other end is held by the test. */
function createPipe(): Pipe {
  const queue: (() => Promise<Uint8Array | undefined>)[] = [];
  let waiting: ((next: () => Promise<Uint8Array | undefined>) => void) | undefined;
  let cancelled = false;
  const put = (next: () => Promise<Uint8Array | undefined>): void => {
    if (waiting === undefined) queue.push(next);
    else {
      waiting(next);
      waiting = undefined;
    }
  };
  return {
    body: {
      async read() {
        const next =
          queue.shift() ??
          (await new Promise<() => Promise<Uint8Array | undefined>>((resolve) => {
            waiting = resolve;
          }));
        return next();
      },
      cancel() {
        cancelled = true;
      },
    },
    give: (piece = bytes) => put(async () => piece),
    end: () => put(async () => undefined),
    fail: (error) =>
      put(async () => {
        throw error;
      }),
    isCancelled: () => cancelled,
  };
}

interface Watched {
  pipe: Pipe;
  body: WatchedBody;
  expired: ChatError[];
  /** The phases that ran out so far. */
  phases(): (string | undefined)[];
}

function watch(limits: Partial<ReadLimits>): Watched {
  const pipe = createPipe();
  const expired: ChatError[] = [];
  const body = new WatchedBody(
    pipe.body,
    { idleMs: Infinity, stallFirstMs: Infinity, stallMs: Infinity, ...limits },
    (error) => {
      expired.push(error);
      pipe.fail(error);
    },
  );
  return { pipe, body, expired, phases: () => expired.map(({ phase }) => phase) };
}

const pass = (durationMs: number): Promise<unknown> => vi.advanceTimersByTimeAsync(durationMs);

/** Bytes every so often, each of them read, for a while. */
async function keepAlive({ pipe, body }: Watched, everyMs: number, forMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += everyMs) {
    const reading = body.read().catch(() => {});
    await pass(everyMs);
    pipe.give();
    await reading;
  }
}

test('idle runs out when no byte comes for as long as it says, and not before', async () => {
  const watched = watch({ idleMs: 1_000 });
  const reading = watched.body.read().catch((error: unknown) => error);
  await pass(998);
  expect(watched.expired).toEqual([]);
  await pass(4);
  expect(watched.expired).toHaveLength(1);
  expect(watched.expired[0]).toMatchObject({ code: 'timeout', phase: 'idle', retryable: true });
  expect(await reading).toBe(watched.expired[0]);
  expect(String(watched.expired[0])).toContain('timeout.idle');
  await pass(minute);
  expect(watched.expired).toHaveLength(1);
});

test('every byte sets idle back', async () => {
  const watched = watch({ idleMs: 1_000 });
  await keepAlive(watched, 900, 60_000);
  expect(watched.expired).toEqual([]);
  void watched.body.read().catch(() => {});
  await pass(1_002);
  expect(watched.phases()).toEqual(['idle']);
});

test('no clock runs while nobody waits for data', async () => {
  const watched = watch({ idleMs: 1_000, stallFirstMs: 1_000, stallMs: 1_000 });
  await pass(100 * minute);
  const first = watched.body.read();
  watched.pipe.give();
  await first;
  await pass(100 * minute);
  expect(watched.expired).toEqual([]);
  void watched.body.read().catch(() => {});
  await pass(998);
  expect(watched.expired).toEqual([]);
  await pass(4);
  expect(watched.expired).toHaveLength(1);
});

test('a reader that is slow is not what stall counts: only the waiting adds up', async () => {
  const watched = watch({ stallFirstMs: 1_000, stallMs: 1_000 });
  for (let read = 0; read < 9; read++) {
    const reading = watched.body.read();
    await pass(100);
    watched.pipe.give();
    await reading;
    // Longer than the limit, and of no interest.
    await pass(5_000);
  }
  expect(watched.expired).toEqual([]);
  void watched.body.read().catch(() => {});
  await pass(102);
  expect(watched.phases()).toEqual(['stall']);
});

test('bytes without content run into stall, however often they come', async () => {
  const watched = watch({ idleMs: 300_000, stallFirstMs: 660_000, stallMs: 300_000 });
  await keepAlive(watched, 10_000, 650_000);
  expect(watched.expired).toEqual([]);
  await keepAlive(watched, 10_000, 20_000);
  expect(watched.phases()).toEqual(['stall']);
});

test('before the first content stall has its longer limit, and after it the shorter one', async () => {
  const watched = watch({ stallFirstMs: 660_000, stallMs: 300_000 });
  await keepAlive(watched, 10_000, 400_000);
  watched.body.gotContent();
  await keepAlive(watched, 10_000, 290_000);
  expect(watched.expired).toEqual([]);
  await keepAlive(watched, 10_000, 20_000);
  expect(watched.phases()).toEqual(['stall']);
});

test('content sets stall back', async () => {
  const watched = watch({ stallFirstMs: 1_000, stallMs: 1_000 });
  for (let round = 0; round < 20; round++) {
    await keepAlive(watched, 100, 900);
    watched.body.gotContent();
  }
  expect(watched.expired).toEqual([]);
});

test('silence runs into the shorter of idle and stall', async () => {
  const first = watch({ idleMs: 500, stallFirstMs: 1_000 });
  void first.body.read().catch(() => {});
  await pass(502);
  expect(first.phases()).toEqual(['idle']);
  const second = watch({ idleMs: 1_000, stallFirstMs: 500 });
  void second.body.read().catch(() => {});
  await pass(502);
  expect(second.phases()).toEqual(['stall']);
});

test('after the finish the rest may take five seconds, however long the limits are', async () => {
  for (const limits of [{ idleMs: 300_000 }, { stallMs: 300_000 }, {}]) {
    const watched = watch(limits);
    await keepAlive(watched, 100, 100);
    watched.body.gotContent();
    watched.body.gotFinish();
    void watched.body.read().catch(() => {});
    await pass(4_990);
    expect(watched.expired).toEqual([]);
    await pass(20);
    expect(watched.expired).toHaveLength(1);
  }
});

test('comments after the finish do not hold it open', async () => {
  const watched = watch({});
  watched.body.gotContent();
  watched.body.gotFinish();
  await keepAlive(watched, 1_000, 10_000);
  expect(watched.phases()[0]).toBe('stall');
});

test('a limit shorter than five seconds stays what it is after the finish', async () => {
  const watched = watch({ idleMs: 100 });
  watched.body.gotFinish();
  void watched.body.read().catch(() => {});
  await pass(102);
  expect(watched.phases()).toEqual(['idle']);
});

test('Infinity is no limit, and sets no timer', async () => {
  const watched = watch({});
  const reading = watched.body.read();
  expect(vi.getTimerCount()).toBe(0);
  await pass(10_000 * minute);
  watched.pipe.give();
  expect(await reading).toBe(bytes);
  expect(watched.expired).toEqual([]);
});

test('no timer is left after the end, an error or a cancel', async () => {
  const ended = watch({ idleMs: 1_000, stallFirstMs: 2_000 });
  const first = ended.body.read();
  ended.pipe.end();
  expect(await first).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);

  const failed = watch({ idleMs: 1_000, stallFirstMs: 2_000 });
  const second = failed.body.read();
  failed.pipe.fail(new Error('lost'));
  await expect(second).rejects.toThrow('lost');
  expect(vi.getTimerCount()).toBe(0);

  const cancelled = watch({ idleMs: 1_000, stallFirstMs: 2_000 });
  const third = cancelled.body.read();
  cancelled.pipe.give();
  await third;
  cancelled.body.cancel();
  expect(cancelled.pipe.isCancelled()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  await pass(minute);
  expect([...ended.expired, ...failed.expired, ...cancelled.expired]).toEqual([]);
});

test('a fast stream sets few timers', async () => {
  const watched = watch({ idleMs: 1_000, stallFirstMs: 5_000, stallMs: 5_000 });
  const setTimer = vi.spyOn(globalThis, 'setTimeout');
  for (let read = 0; read < 10_000; read++) {
    const reading = watched.body.read();
    watched.pipe.give();
    await reading;
    watched.body.gotContent();
  }
  expect(setTimer.mock.calls.length).toBeLessThan(10);
  setTimer.mockRestore();
});

// ---------------------------------------------------------------- in a stream

const frame = (content: string | null, finish_reason: string | null = null): Uint8Array =>
  new TextEncoder().encode(
    `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`,
  );
const comment = new TextEncoder().encode(': keep-alive\n\n');

async function openStream(
  timeout: TimeoutOptions,
): Promise<{ pipe: Pipe; stream: ChatStream; isEnded: () => boolean }> {
  const pipe = createPipe();
  let isEnded = false;
  const client = createClient({
    apiKey: 'sk-none',
    maxRetries: 0,
    timeout,
    transport: {
      async send({ signal }) {
        // As a transport must: the signal ends the body, and a read that waits.
        signal.addEventListener('abort', () => {
          isEnded = true;
          pipe.fail(signal.reason);
        });
        return { status: 200, headers: {}, body: pipe.body };
      },
    },
  });
  const stream = await client.chat.completions.create({
    messages: [{ role: 'user', content: 'x' }],
    stream: true,
  });
  return { pipe, stream, isEnded: () => isEnded };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test('a stream that nobody pulls is given up after unread, and ends its request', async () => {
  const { stream, isEnded } = await openStream({});
  await pass(299_000);
  expect(isEnded()).toBe(false);
  await pass(1_010);
  expect(isEnded()).toBe(true);
  const failure = await caught(stream.finalCompletion());
  expect(failure).toMatchObject({ code: 'timeout', phase: 'unread', retryable: false });
});

test('every pull sets unread back, and waiting for data is not leaving a stream unread', async () => {
  const { pipe, stream, isEnded } = await openStream({ idle: Infinity, stall: Infinity });
  const iterator = stream[Symbol.asyncIterator]();
  for (let pull = 0; pull < 5; pull++) {
    pipe.give(frame('a'));
    await iterator.next();
    await pass(290_000);
  }
  const waiting = iterator.next();
  await pass(100 * minute);
  expect(isEnded()).toBe(false);
  pipe.give(frame('b'));
  expect((await waiting).done).toBe(false);
  await pass(301_000);
  expect(isEnded()).toBe(true);
  expect(await caught(iterator.next())).toMatchObject({ phase: 'unread' });
});

test('a slow reader does not run into idle or stall of a stream', async () => {
  const { pipe, stream } = await openStream({ idle: 1_000, stall: 1_000, unread: Infinity });
  const iterator = stream[Symbol.asyncIterator]();
  for (let pull = 0; pull < 5; pull++) {
    pipe.give(frame('a'));
    expect((await iterator.next()).done).toBe(false);
    await pass(10 * minute);
  }
  const waiting = caught(iterator.next());
  await pass(1_002);
  expect(await waiting).toMatchObject({ code: 'timeout', phase: 'idle' });
});

test('comments keep a queued stream for eleven minutes, and no longer', async () => {
  const { pipe, stream } = await openStream({});
  const waiting = caught(stream.finalCompletion());
  const comments = setInterval(() => pipe.give(comment), 10_000);
  await pass(659_000);
  expect(stream.report.timings.totalMs).toBeUndefined();
  await pass(2_000);
  expect(await waiting).toMatchObject({ code: 'timeout', phase: 'stall' });
  clearInterval(comments);
});

test('after content comments keep a stream for five minutes, and the text is in partial', async () => {
  const { pipe, stream } = await openStream({});
  const waiting = caught(stream.finalCompletion());
  pipe.give(frame('Hel'));
  const comments = setInterval(() => pipe.give(comment), 10_000);
  await pass(299_000);
  expect(stream.report.timings.totalMs).toBeUndefined();
  await pass(2_000);
  const failure = await waiting;
  expect(failure).toMatchObject({ code: 'timeout', phase: 'stall' });
  expect(isChatError(failure) && failure.partial?.choices[0].message.content).toBe('Hel');
  clearInterval(comments);
});

test('reasoning is content to the clocks', async () => {
  const { pipe, stream } = await openStream({ stall: 1_000 });
  const waiting = caught(stream.finalCompletion());
  const thought = new TextEncoder().encode(
    'data: {"id":"c","choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}\n\n',
  );
  for (let round = 0; round < 20; round++) {
    pipe.give(thought);
    await pass(900);
  }
  pipe.give(frame('a', 'stop'));
  pipe.end();
  expect(await waiting).toBeUndefined();
});

test('an answer that is whole is not lost because its body does not end', async () => {
  const { pipe, stream } = await openStream({});
  const ending = stream.finalCompletion();
  pipe.give(frame('a', 'stop'));
  await pass(5_010);
  const completion = await ending;
  expect(completion.choices[0]).toMatchObject({
    message: { content: 'a' },
    finish_reason: 'stop',
  });
  expect(completion.report.issues.map(({ code }) => code)).toContain('no_clean_end');
});

test('total ends a stream in the middle, and one that nobody waits for', async () => {
  const read = await openStream({ total: 10_000 });
  const waiting = caught(read.stream.finalCompletion());
  read.pipe.give(frame('a'));
  await pass(9_990);
  expect(read.isEnded()).toBe(false);
  await pass(20);
  expect(await waiting).toMatchObject({ code: 'timeout', phase: 'total' });
  expect(read.isEnded()).toBe(true);

  const unread = await openStream({ total: 10_000 });
  await pass(10_010);
  expect(unread.isEnded()).toBe(true);
  expect(await caught(unread.stream.finalCompletion())).toMatchObject({ phase: 'total' });
});

test('no timer is left after a stream, good or bad', async () => {
  const good = await openStream({});
  const ending = good.stream.finalCompletion();
  good.pipe.give(frame('a', 'stop'));
  good.pipe.give(new TextEncoder().encode('data: [DONE]\n\n'));
  good.pipe.end();
  await ending;
  await pass(1_100);
  expect(vi.getTimerCount()).toBe(0);

  const left = await openStream({ total: 10_000 });
  left.pipe.give(frame('a'));
  for await (const _chunk of left.stream) break;
  await pass(10);
  expect(left.isEnded()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
