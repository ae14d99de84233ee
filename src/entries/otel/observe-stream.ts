import type { Report } from '../../index.ts';
import { endOf } from '../../index.ts';
import type { ObservedCall } from './observe-call.ts';

/** A stream of chats or of texts: what is looked at of it. */
export interface ObservableStream {
  readonly report: Report;
  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined>;
  finalCompletion(): Promise<Whole>;
  abort(): void;
  opened?(): Promise<unknown>;
  text(): AsyncIterator<string, undefined>;
}

interface Whole {
  id: string;
  model: string;
  choices: readonly { finish_reason: string | null }[];
  readonly report: Report;
}

/**
 * Listens to a stream. It stays the object that it is, and is read as before: what is hung on it sees the chunks pass. The
 * end is waited for from the beginning, so a stream that nobody reads is over when its call is, by the clock for unread
 * streams at the latest.
 */
export function observeStream(stream: ObservableStream, call: ObservedCall): void {
  const iterate = stream[Symbol.asyncIterator].bind(stream);
  const finalCompletion = stream.finalCompletion.bind(stream);
  const text = stream.text.bind(stream);
  const abort = stream.abort.bind(stream);
  let isListening = false;
  const listen = (): void => {
    if (isListening) return;
    isListening = true;
    finalCompletion().then(
      (whole) => call.settle({ ...whole, report: stream.report }),
      (error: unknown) => call.fail(error),
    );
  };
  const hang = (name: string | symbol, value: unknown): void => {
    Object.defineProperty(stream, name, { value, configurable: true, writable: true });
  };

  // `undefined` for a stream of another copy of this package, whose end is asked for when it is read, or is over.
  endOf(stream)?.then(listen, listen);
  hang(Symbol.asyncIterator, () => watched(iterate(), listen, () => call.chunk(stream.report)));
  hang('abort', () => {
    abort();
    listen();
  });
  if (stream.opened === undefined) {
    // Of a gap that is filled, whose views do not pass through what is hung on it.
    hang('text', () => ({
      ...watched(text(), listen, () => call.chunk(stream.report)),
      [Symbol.asyncIterator]() {
        return this;
      },
    }));
    hang('finalCompletion', () => {
      listen();
      return finalCompletion();
    });
  } else {
    // One that never began is over.
    stream.opened().catch(listen);
  }
}

/** Those of a chat can be asked for what came together. */
interface Items<Item> extends AsyncIterator<Item, undefined> {
  arrived?(): Item | undefined;
}

function watched<Item>(items: Items<Item>, onFirst: () => void, onItem: () => void): Items<Item> {
  return {
    arrived() {
      const item = items.arrived?.();
      if (item !== undefined) onItem();
      return item;
    },
    next() {
      const next = items.next();
      // The first one has taken the stream.
      onFirst();
      return next.then((step) => {
        if (!step.done) onItem();
        return step;
      });
    },
    async return() {
      const left = items.return?.();
      onFirst();
      return (await left) ?? { done: true, value: undefined };
    },
  };
}
