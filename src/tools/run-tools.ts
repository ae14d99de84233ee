import { onAbort } from '../internal/abort.ts';
import type { Lifetime } from '../call/lifetime.ts';
import type { Asker } from '../call/ask.ts';
import { ChatError } from '../outcome/chat-error.ts';
import type { RequestOptions } from '../options/options.ts';
import type { ChatCompletionMessageParam } from '../schema/message.ts';
import { converse, totalOf } from './converse.ts';
import type {
  RunToolsParams,
  ToolRun,
  ToolRunEvent,
  ToolRunResult,
  ToolRunStep,
} from './tool-run.ts';

/** Makes a run; nothing happens before somebody reads its events or asks for its end. */
export function runTools(
  asker: Asker,
  params: RunToolsParams,
  options: RequestOptions<unknown> | null | undefined,
): ToolRun {
  const messages: ChatCompletionMessageParam[] = [
    ...(Array.isArray(params?.messages) ? params.messages : []),
  ];
  const steps: ToolRunStep[] = [];
  let generator: AsyncGenerator<ToolRunEvent, undefined> | undefined;
  let lifetime: Lifetime | undefined;
  let failure: { error: unknown } | undefined;
  let isTold = false;
  let settle!: { resolve(result: ToolRunResult): void; reject(error: unknown): void };
  const ended = new Promise<ToolRunResult>((resolve, reject) => (settle = { resolve, reject }));
  // Whoever reads the events gets the error from there.
  ended.catch(() => {});

  const fail = (error: unknown): void => {
    failure ??= { error };
    settle.reject(failure.error);
  };

  async function* run(): AsyncGenerator<ToolRunEvent, undefined> {
    try {
      lifetime = asker.begin(options);
      // A reader that is busy elsewhere has no part in when the run ends.
      onAbort(lifetime.signal, unwind);
      yield* converse(asker, params, options, { lifetime, messages, steps }, settle.resolve);
    } catch (error) {
      isTold = true;
      fail(error);
      throw error;
    } finally {
      if (lifetime?.signal.aborted) fail(lifetime.signal.reason);
      lifetime?.end();
    }
  }

  /** Ends the generator where it stands; the conversation is in order when that is done. */
  const unwind = async (): Promise<void> => {
    try {
      await generator?.return(undefined);
    } catch {
      // The run's end has it.
    }
  };

  const stop = async (message: string): Promise<void> => {
    const error = new ChatError('aborted', message);
    if (lifetime === undefined) fail(error);
    else lifetime.abort(error);
    await unwind();
  };

  const begin = (): AsyncGenerator<ToolRunEvent, undefined> => {
    if (generator !== undefined) {
      const message = 'The events of the run are being read or were read already';
      throw new ChatError('stream_consumed', message);
    }
    generator = failure === undefined ? run() : nothing();
    return generator;
  };

  return {
    messages,
    steps,
    get usage() {
      return totalOf(steps).usage;
    },
    get cost() {
      return totalOf(steps).cost;
    },
    events() {
      const events = begin();
      return {
        async next() {
          const step = await events.next();
          // Ended from outside, while nobody was looking.
          if (!step.done || failure === undefined || isTold) return step;
          isTold = true;
          throw failure.error;
        },
        async return() {
          isTold = true;
          await stop('The loop over the run was left');
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
    final() {
      if (generator === undefined) void drain(begin());
      return ended;
    },
    abort: () => void stop('The run was aborted'),
  };
}

async function* nothing(): AsyncGenerator<never, undefined> {}

async function drain(events: AsyncGenerator<ToolRunEvent, undefined>): Promise<void> {
  try {
    for await (const _event of events);
  } catch {
    // The run's end has it.
  }
}
