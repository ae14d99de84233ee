import { getEventListeners } from 'node:events';
import type { ChatError } from 'deepseek-v4-flash';
import { faults } from 'deepseek-v4-flash/testing';
import { expect, vi } from 'vitest';
import type { Kit } from './kit.ts';
import {
  eventually,
  expectAnswer,
  expectFailure,
  expectSecret,
  failureOf,
  fine,
  params,
  pause,
  row,
  words,
} from './kit.ts';

const aborted = { code: 'aborted' } as const;

/** Before the patience of `failureOf` ends: that an abort is quick is not measured on a busy machine. */
async function rejectsSoon(promise: Promise<unknown>): Promise<ChatError> {
  const failure = await failureOf(promise);
  expect(failure.code).toBe('aborted');
  return failure;
}

function refusalOf(make: () => unknown): ChatError {
  try {
    make();
  } catch (error) {
    expectSecret(error);
    return error as ChatError;
  }
  throw new Error('It was not refused');
}

async function closed({ server }: Kit): Promise<void> {
  await eventually('the close', () => server.connections.open === 0);
}

export function callerRows(): void {
  row('A1', 'a signal that is aborted already sends nothing', async (kit) => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expectFailure(kit, kit.ask({}, { signal }), { ...aborted, requests: 0 });
    const streamed = kit.stream({}, { signal }).finalCompletion();
    await expectFailure(kit, streamed, { ...aborted, requests: 0 });
    expect(kit.server.connections.total).toBe(0);
  });

  for (const [phase, fault] of [
    ['before the head', faults.noAnswer('hang')],
    ['inside the head', faults.cutHead(30, 'hang')],
    ['before the first byte of the body', faults.silence()],
    ['in the middle of the body', faults.cutBefore('middle', 'hang')],
    ['between two attempts', faults.retryAfter(20)],
    ['while the body of an error is read', faults.status(500, { body: '{', end: 'hang' })],
  ] as const) {
    row('A2', `an abort ${phase} rejects at once, and closes the connection`, async (kit) => {
      for (const call of ['ask', 'stream'] as const) {
        kit.faulty(fault);
        const before = kit.server.requests.length;
        const controller = new AbortController();
        const { signal } = controller;
        const options = { maxRetries: 2 };
        const running =
          call === 'ask'
            ? kit.ask(options, { signal })
            : kit.stream(options, { signal }).finalCompletion();
        const failed = failureOf(running);
        await eventually('the request', () => kit.server.requests.length > before);
        await pause(40);
        controller.abort(new Error('enough'));
        const failure = await rejectsSoon(failed.then((error) => Promise.reject(error)));
        expect(failure.cause).toBe(signal.reason);
        const isMidStream = call === 'stream' && phase === 'in the middle of the body';
        expect(failure.partial?.choices[0].message.content).toBe(
          isMidStream ? 'alpha beta' : undefined,
        );
        expect(getEventListeners(signal, 'abort')).toHaveLength(0);
        // What waits between two attempts has no connection of its own.
        if (phase !== 'between two attempts') await closed(kit);
      }
      kit.faulty(fine);
      expect((await kit.ask()).choices[0].message.content).toBe(words);
      expect(kit.server.requests).toHaveLength(3);
    });
  }

  row('A3', 'the reason of an abort is its cause, whatever it is', async (kit) => {
    for (const reason of [new Error('enough'), 'enough', { why: 'enough' }]) {
      const controller = new AbortController();
      kit.faulty(faults.noAnswer('hang'));
      const failed = failureOf(kit.ask({}, { signal: controller.signal }));
      await pause(20);
      controller.abort(reason);
      expect((await failed).cause).toBe(reason);
    }
    await closed(kit);
  });

  row('A4', 'an abort after the end, or twice, changes nothing', async (kit) => {
    kit.faulty(fine, fine);
    const controller = new AbortController();
    const completion = await kit.ask({}, { signal: controller.signal });
    const stream = kit.stream({}, { signal: controller.signal });
    await stream.finalCompletion();
    controller.abort();
    controller.abort();
    stream.abort();
    expect((await stream.finalCompletion()).choices).toEqual(completion.choices);
  });

  row('A5', 'leaving the loop, by whatever way, closes the connection', async (kit) => {
    const { signal } = new AbortController();
    const ways: ((stream: ReturnType<Kit['stream']>) => Promise<void>)[] = [
      async (stream) => {
        for await (const _chunk of stream) break;
      },
      async (stream) => {
        const iterator = stream[Symbol.asyncIterator]();
        await iterator.next();
        await iterator.return?.();
      },
      async (stream) => {
        await expect(async () => {
          for await (const _chunk of stream) throw new Error('mine');
        }).rejects.toThrow('mine');
      },
    ];
    for (const leave of ways) {
      kit.faulty(faults.slow(50));
      const stream = kit.stream({}, { signal });
      await leave(stream);
      await closed(kit);
      expect((await failureOf(stream.finalCompletion())).code).toBe('aborted');
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }
  });

  row('A6', 'a stream that is read twice is stream_consumed', async (kit) => {
    kit.faulty(fine);
    const stream = kit.stream();
    const first = stream[Symbol.asyncIterator]();
    await first.next();
    expect(refusalOf(() => stream[Symbol.asyncIterator]()).code).toBe('stream_consumed');
    const texts: string[] = [];
    for (let next = await first.next(); !next.done; next = await first.next()) {
      texts.push(next.value.choices[0]?.delta.content ?? '');
    }
    expect(texts.join('')).toBe(words);
  });

  row('A7', 'a stream that nobody reads is given up', async (kit) => {
    kit.faulty(faults.cutAfterEvents(1, 'hang'));
    const stream = kit.stream({ timeout: { unread: 100 } });
    await stream.opened();
    await closed(kit);
    const outcome = { code: 'timeout', phase: 'unread', retryable: false } as const;
    await expectFailure(kit, stream.finalCompletion(), outcome);
  });

  row('A8', 'a slow reader is no silent vendor', async (kit) => {
    kit.faulty(fine);
    const stream = kit.stream({ timeout: { idle: 60, stall: 60 } });
    let text = '';
    for await (const piece of stream.text()) {
      text += piece;
      await pause(100);
    }
    expect(text).toBe(words);
  });

  row('A8', 'a reader that began before the head came is a reader', async (kit) => {
    kit.faulty(faults.comments({ count: 30, everyMs: 10 }));
    await expectAnswer(kit, kit.stream({ timeout: { unread: 100 } }).finalCompletion());
  });

  row('A9', 'what a hook or a logger throws is not the call’s', async (kit) => {
    kit.faulty(faults.status(503), fine);
    const fail = (): never => {
      throw new Error('mine');
    };
    const hooks = { onRequest: fail, onResponse: fail, onRetry: fail, onEnd: fail };
    await expectAnswer(kit, kit.ask({ hooks, maxRetries: 1 }), { requests: 2 });
  });

  row('A10', 'closing the client ends its calls', async (kit) => {
    kit.faulty(faults.noAnswer('hang'), faults.cutAfterEvents(2, 'hang'));
    const client = kit.client();
    const stuck = failureOf(client.chat.completions.create(params));
    await eventually('the first request', () => kit.server.requests.length === 1);
    const stream = await client.chat.completions.create({ ...params, stream: true });
    await client.close();
    expect((await stuck).code).toBe('aborted');
    await expectFailure(kit, stream.finalCompletion(), { ...aborted, requests: 2 });
    expect((await failureOf(client.chat.completions.create(params))).code).toBe('aborted');
  });

  row('A11', 'two hundred calls on one signal leave no listener', async (kit) => {
    const { signal } = new AbortController();
    const transport = kit.transport();
    const calls = Array.from({ length: 200 }, () => kit.ask({ transport }, { signal }));
    await Promise.all(calls);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(kit.server.requests).toHaveLength(200);
  });

  row(
    'A12',
    'headers that are not the caller’s to set, or split the head, are refused',
    async (kit) => {
      for (const headers of [
        { authorization: 'Bearer x' },
        { Host: 'elsewhere' },
        { 'content-length': '1' },
        { 'x-mine': 'a\r\nx-other: b' },
        { 'x mine': 'a' },
      ]) {
        expect(refusalOf(() => kit.client({ headers } as object)).code).toBe('invalid_options');
        const outcome = { code: 'invalid_options', requests: 0 } as const;
        await expectFailure(kit, kit.ask({}, { headers } as object), outcome);
      }
    },
  );

  row('A13', 'base URLs that lead elsewhere are refused', async (kit) => {
    for (const baseURL of [
      'http://api.deepseek.com',
      'https://user:alpha@api.deepseek.com',
      'https://api.deepseek.com?to=x',
      'https://api.deepseek.com#x',
      'javascript:alert(1)',
      'file:///etc/passwd',
      '//api.deepseek.com',
      'api.deepseek.com',
      '',
    ]) {
      const refusal = refusalOf(() => kit.client({ baseURL }));
      expect(refusal.code).toBe('invalid_options');
      expect(refusal.message).not.toContain('alpha');
    }
    expect(kit.server.requests).toEqual([]);
  });

  row('A14', 'keys with anything but a key in them are refused, unprinted', async (kit) => {
    for (const apiKey of ['sk-alpha\r\nx: y', 'sk-alpha\0', 'sk-alphа', 'sk-alpha beta', '']) {
      const settled = await kit.ask({ apiKey: () => apiKey }).then(
        () => undefined,
        (error: ChatError) => error,
      );
      expect(['invalid_options', 'missing_api_key']).toContain(settled?.code);
      expectSecret(settled);
    }
    expect(kit.server.requests).toEqual([]);
  });

  row(
    'A15',
    'requests that no JSON can hold are refused, and halves of characters are not',
    async (kit) => {
      const loop: Record<string, unknown> = {};
      loop.loop = loop;
      for (const extraBody of [{ big: 1n }, loop]) {
        const failure = await failureOf(kit.ask({}, { extraBody }));
        expect(['invalid_request', 'invalid_options']).toContain(failure.code);
      }
      expect(kit.server.requests).toEqual([]);
      const messages = [{ role: 'user', content: 'half of \ud83d and more' } as const];
      await kit.client().chat.completions.create({ messages });
      expect(kit.server.requests).toHaveLength(1);
    },
  );

  row('A16', 'a clock that is set by an hour moves no timer', async (kit) => {
    const now = Date.now();
    kit.faulty(faults.slow(30));
    const clock = vi.spyOn(Date, 'now');
    const stream = kit.stream({ timeout: { idle: 500, stall: 500, total: 10_000 } });
    let text = '';
    let sign = 1;
    for await (const piece of stream.text()) {
      text += piece;
      sign = -sign;
      clock.mockReturnValue(now + sign * 3_600_000);
    }
    clock.mockRestore();
    expect(text).toBe(words);
  });

  row('A17', 'a server that went away while we slept costs no call', async (kit) => {
    kit.faulty(fine, faults.noAnswer('fin'), fine);
    const client = kit.client({ maxRetries: 1 });
    await client.chat.completions.create(params);
    await pause(50);
    const completion = await client.chat.completions.create(params);
    expect(completion.report.attempts.length).toBeLessThanOrEqual(2);
  });
}
