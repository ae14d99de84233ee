import type { WebStream } from './specification.ts';

/** A web stream of a generator's items, pulled one by one. Whoever cancels it has `leave` called. */
export function toWebStream<Item>(
  items: Pick<AsyncIterator<Item, undefined>, 'next'>,
  leave: () => void,
): WebStream<Item> {
  const stream = new ReadableStream<Item>(
    {
      async pull(controller) {
        const { done, value } = await items.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => leave(),
    },
    { highWaterMark: 0 },
  );
  return stream as WebStream<Item>;
}
