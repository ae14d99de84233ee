import { onAbort } from '../internal/abort.ts';
import type { AsyncItems } from '../internal/web.ts';
import type { Lifetime } from '../call/lifetime.ts';
import type { Asker } from '../call/ask.ts';
import { ChatError } from '../outcome/chat-error.ts';
import type { RequestOptions } from '../options/options.ts';
import type { ChatCompletionMessageParam } from '../schema/message.ts';
import { runSteps, totalOf } from './run-steps.ts';
import type {
  RunToolsParams,
  ToolRun,
  ToolRunEvent,
  ToolRunResult,
  ToolRunStep,
} from './tool-run.ts';

/** Creates a run; nothing happens before its events are read or `final()` is called. */
export function runTools(
  asker: Asker,
  params: RunToolsParams,
  options: RequestOptions<unknown> | null | undefined,
): ToolRun {
  const run = new Run(asker, params, options);
  const { messages, steps } = run;
  return {
    messages,
    steps,
    get usage() {
      return totalOf(steps).usage;
    },
    get cost() {
      return totalOf(steps).cost;
    },
    events: () => run.events(),
    final: () => run.final(),
    abort: () => void run.stop('The run was aborted'),
  };
}

/** One run, from its first question to its end. */
class Run {
  readonly messages: ChatCompletionMessageParam[];
  readonly steps: ToolRunStep[] = [];
  readonly #asker: Asker;
  readonly #params: RunToolsParams;
  readonly #options: RequestOptions<unknown> | null | undefined;
  #generator: AsyncGenerator<ToolRunEvent, undefined> | undefined;
  #lifetime: Lifetime | undefined;
  #failure: { error: unknown } | undefined;
  /** The reader of the events has received the failure. */
  #isOutcomeDelivered = false;
  #resolve!: (result: ToolRunResult) => void;
  #reject!: (error: unknown) => void;
  readonly #ended = new Promise<ToolRunResult>((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  constructor(
    asker: Asker,
    params: RunToolsParams,
    options: RequestOptions<unknown> | null | undefined,
  ) {
    this.#asker = asker;
    this.#params = params;
    this.#options = options;
    this.messages = [...(Array.isArray(params?.messages) ? params.messages : [])];
    // Whoever reads the events gets the error from there.
    this.#ended.catch(() => {});
  }

  events(): AsyncItems<ToolRunEvent> {
    const events = this.#begin();
    return {
      next: async () => {
        const step = await events.next();
        // Ended from outside, while no read was pending.
        if (!step.done || this.#failure === undefined || this.#isOutcomeDelivered) return step;
        this.#isOutcomeDelivered = true;
        throw this.#failure.error;
      },
      return: async () => {
        this.#isOutcomeDelivered = true;
        await this.stop('The loop over the run ended early');
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  final(): Promise<ToolRunResult> {
    if (this.#generator === undefined) void drain(this.#begin());
    return this.#ended;
  }

  async stop(message: string): Promise<void> {
    const error = new ChatError('aborted', message);
    if (this.#lifetime === undefined) this.#fail(error);
    else this.#lifetime.abort(error);
    await this.#unwind();
  }

  #begin(): AsyncGenerator<ToolRunEvent, undefined> {
    if (this.#generator !== undefined) {
      const message =
        'The events of the run can be read only once, and are already being read or were read';
      throw new ChatError('stream_consumed', message);
    }
    this.#generator = this.#failure === undefined ? this.#run() : nothing();
    return this.#generator;
  }

  async *#run(): AsyncGenerator<ToolRunEvent, undefined> {
    const { messages, steps } = this;
    try {
      const lifetime = this.#asker.begin(this.#options);
      this.#lifetime = lifetime;
      // A reader that is busy elsewhere has no part in when the run ends.
      onAbort(lifetime.signal, () => void this.#unwind());
      const progress = { lifetime, messages, steps };
      yield* runSteps(this.#asker, this.#params, this.#options, progress, this.#resolve);
    } catch (error) {
      this.#isOutcomeDelivered = true;
      this.#fail(error);
      throw error;
    } finally {
      const { signal } = this.#lifetime ?? {};
      if (signal?.aborted) this.#fail(signal.reason);
      this.#lifetime?.end();
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#reject(this.#failure.error);
  }

  /** Ends the generator at its current point; afterwards the conversation is consistent. */
  async #unwind(): Promise<void> {
    try {
      await this.#generator?.return(undefined);
    } catch {
      // The run's end has it.
    }
  }
}

async function* nothing(): AsyncGenerator<never, undefined> {}

async function drain(events: AsyncGenerator<ToolRunEvent, undefined>): Promise<void> {
  try {
    for await (const _event of events);
  } catch {
    // The run's end has it.
  }
}
