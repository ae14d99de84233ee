import type { ChatCompletions, Client, TextCompletions } from '../../index.ts';
import { needClient } from '../client-of.ts';
import type { Outcome } from './attributes.ts';
import type { Kit } from './kit.ts';
import { createKit } from './kit.ts';
import type { AskedCall } from './observe-call.ts';
import { observeBulk } from './observe-bulk.ts';
import { observeCall } from './observe-call.ts';
import { observeRun } from './observe-run.ts';
import type { ObservableStream } from './observe-stream.ts';
import { observeStream } from './observe-stream.ts';
import type { InstrumentOptions } from './types.ts';

/**
 * Returns the same client, with its calls recorded by OpenTelemetry: a span `chat {model}` for each, with a child for each
 * attempt, and metrics for durations, tokens and costs. Runs of tools and of `bulk` have a span over those of their calls. Results and errors stay those of the client, and a failure of the
 * telemetry never fails a call. No content is recorded unless `captureContent` is set.
 *
 * @example
 * const client = instrument(createClient());
 *
 * @throws ChatError `invalid_options`
 */
export function instrument<Options>(
  client: Client<Options>,
  options: InstrumentOptions = {},
): Client<Options> {
  needClient(client, 'instrument');
  const kit = createKit(client as Client<never>, options);
  const { chat, completions } = client;
  return {
    ...client,
    chat: { ...chat, completions: observeChats(kit, chat.completions) },
    completions: { ...completions, create: observeTexts(kit, completions) },
    bulk: (items, bulkOptions) => observeBulk(kit, bulkOptions, (own) => client.bulk(items, own)),
    withOptions: (more) => instrument(client.withOptions(more), options),
  };
}

function observeChats<Options>(
  kit: Kit,
  completions: ChatCompletions<Options>,
): ChatCompletions<Options> {
  type Create = (params: object, options?: object) => Promise<object>;
  const create = completions.create as Create;
  const parse = completions.parse as Create;
  const stream = completions.stream as unknown as (params: object, options?: object) => object;
  const observed = {
    create: (params: object, options?: object) =>
      observePromise(kit, asked('chat', params), () => create(params, options)),
    parse: (params: object, options?: object) =>
      observePromise(kit, asked('chat', params, false), () => parse(params, options)),
    stream(params: object, options?: object) {
      const call = observeCall(kit, asked('chat', params, true));
      try {
        const told = call.within(() => stream(params, options));
        observeStream(told as ObservableStream, call);
        return told;
      } catch (error) {
        call.fail(error);
        throw error;
      }
    },
    runTools: ((params: never, options: never) =>
      observeRun(kit, params, (own) =>
        completions.runTools(own as never, options),
      )) as unknown as ChatCompletions<Options>['runTools'],
  };
  return { ...completions, ...observed } as unknown as ChatCompletions<Options>;
}

function observeTexts<Options>(
  kit: Kit,
  completions: TextCompletions<Options>,
): TextCompletions<Options>['create'] {
  const create = completions.create as (params: object, options?: object) => Promise<object>;
  const observed = (params: object, options?: object) =>
    observePromise(kit, asked('text_completion', params), () => create(params, options));
  return observed as unknown as TextCompletions<Options>['create'];
}

function asked(
  operation: AskedCall['operation'],
  params: unknown,
  isStream = (params as { stream?: unknown } | null | undefined)?.stream === true,
): AskedCall {
  return { operation, params, isStream };
}

async function observePromise(
  kit: Kit,
  about: AskedCall,
  ask: () => Promise<object>,
): Promise<object> {
  const call = observeCall(kit, about);
  try {
    const told = await call.within(ask);
    if (Symbol.asyncIterator in told) observeStream(told as ObservableStream, call);
    else call.settle(told as Outcome);
    return told;
  } catch (error) {
    call.fail(error);
    throw error;
  }
}
