import type { ChatError } from '../outcome/chat-error.ts';
import type { ChatCompletionWithReport } from '../outcome/with-report.ts';

/** How a stream ended: for whoever waits for the whole answer, and once for its reader. */
export class StreamEnd {
  readonly promise: Promise<ChatCompletionWithReport>;
  resolve!: (completion: ChatCompletionWithReport | Promise<ChatCompletionWithReport>) => void;
  reject!: (error: ChatError) => void;
  /** Whether the reader was given the error, or the end. */
  isDelivered = false;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // The reader of the stream gets the error; an unused promise for the end must not reject as well.
    this.promise.catch(() => {});
  }

  /** After the end there is nothing; if the call was ended from outside, the next read throws. */
  async deliver(): Promise<IteratorReturnResult<undefined>> {
    if (!this.isDelivered) {
      this.isDelivered = true;
      await this.promise;
    }
    return { done: true, value: undefined };
  }
}
