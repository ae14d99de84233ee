import { expect, test, vi } from 'vitest';
import { ByteQueue } from '../../src/transport/byte-queue.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test('a reader who waits gets the next piece, and one who comes later all that is here', async () => {
  const queue = new ByteQueue(() => {});
  const first = queue.read();
  for (const value of [1, 2, 3]) queue.push(bytes(value));

  expect(await first).toEqual(bytes(1));
  expect([...((await queue.read()) ?? [])]).toEqual([2, 3]);
});

test('the end comes after what was pushed before it, however often it is asked for', async () => {
  const queue = new ByteQueue(() => {});
  queue.push(bytes(1));
  queue.end();
  queue.end(new Error('too late to matter'));

  expect(await queue.read()).toEqual(bytes(1));
  expect(await queue.read()).toBeUndefined();
  expect(await queue.read()).toBeUndefined();
});

test('a failure comes after what was pushed before it', async () => {
  const queue = new ByteQueue(() => {});
  queue.push(bytes(1));
  queue.end(new Error('reset'));

  expect(await queue.read()).toEqual(bytes(1));
  await expect(queue.read()).rejects.toThrow('reset');
  await expect(queue.read()).rejects.toThrow('reset');
});

test.each([
  ['an end', undefined],
  ['a failure', new Error('reset')],
])('a reader who waits is told of %s', async (_, failure) => {
  const queue = new ByteQueue(() => {});
  const reading = queue.read();
  queue.end(failure);

  if (failure === undefined) expect(await reading).toBeUndefined();
  else await expect(reading).rejects.toBe(failure);
});

test('a full queue asks for a pause, and says once when it has been read', async () => {
  const drained = vi.fn();
  const queue = new ByteQueue(drained);
  const piece = new Uint8Array(70_000);

  expect(queue.push(piece)).toBe(true);
  expect(queue.push(piece)).toBe(false);
  expect(drained).not.toHaveBeenCalled();
  expect(await queue.read()).toHaveLength(140_000);
  expect(drained).toHaveBeenCalledOnce();
  queue.push(bytes(1));
  await queue.read();
  expect(drained).toHaveBeenCalledOnce();
});

test('bytes that come one by one take more than their own room', () => {
  const queue = new ByteQueue(() => {});
  let pieces = 0;
  while (queue.push(bytes(1))) pieces++;

  expect(pieces).toBeLessThan(2_000);
});

test('a full queue that is dropped does not ask for more', () => {
  const drained = vi.fn();
  const queue = new ByteQueue(drained);
  queue.push(new Uint8Array(200_000));
  queue.clear();

  expect(drained).not.toHaveBeenCalled();
  expect(queue.held).toBe(0);
});

test('a connection that goes on at once when the queue has been read loses nothing', async () => {
  const queue = new ByteQueue(() => queue.push(bytes(9)));
  queue.push(new Uint8Array(140_000));

  expect(await queue.read()).toHaveLength(140_000);
  expect(await queue.read()).toEqual(bytes(9));
});

test('what is dropped is not read', async () => {
  const queue = new ByteQueue(() => {});
  queue.push(bytes(1));
  queue.clear();
  queue.end();

  expect(await queue.read()).toBeUndefined();
});
