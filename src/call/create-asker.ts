import { decodeModels } from '../dialect/decode-models.ts';
import { resolveCall } from '../options/resolve-options.ts';
import { prepare } from '../request/prepare.ts';
import type { Asker } from './ask.ts';
import { complete, get, stream } from './ask.ts';
import type { CallContext } from './call.ts';
import { completeText, streamText } from './fill.ts';
import { createLifetime } from './lifetime.ts';
import { recoveryParams } from './recover.ts';
import { boundByCall } from './within-call.ts';

/** The chats of one vendor, which is all that some programs need. */
export function createChatAsker(
  context: CallContext,
): Pick<Asker, 'complete' | 'stream' | 'prepare' | 'withLessThinking'> {
  const { options } = context;
  return {
    complete: (asked) => complete(context, asked),
    stream: (asked) => stream(context, asked),
    prepare(params, given) {
      const isStream = (params as { stream?: unknown } | null | undefined)?.stream === true;
      const { own, refusal } = resolveCall(options, given, isStream ? 'streamed' : 'whole');
      if (refusal !== undefined) throw refusal;
      return prepare(options, params, own).prepared;
    },
    withLessThinking: (asked, report) => recoveryParams(options.provider.profile, asked, report),
  };
}

/** An {@link Asker} of one vendor. */
export function createAsker(context: CallContext): Asker {
  const { options, closing } = context;
  const { provider, urls } = options;
  return {
    ...createChatAsker(context),
    fill: (params, given) =>
      (params as { stream?: unknown } | null | undefined)?.stream === true
        ? streamText(context, params as object, given)
        : completeText(context, params, given),
    models: (given) => get(context, urls.models, 'list of models', decodeModels, given),
    balance(given) {
      const { decodeBalance } = provider;
      // A path without a decoder is as good as none.
      const url = decodeBalance && urls.balance;
      return get(context, url, 'balance', decodeBalance ?? unreachable, given);
    },
    begin(given) {
      const { refusal, signal, deadlineMs } = resolveCall(options, given, 'whole');
      if (refusal !== undefined) throw refusal;
      return createLifetime({ signal, closing, totalMs: Infinity, totalHint: '', deadlineMs });
    },
    bound: (given) => boundByCall(context, given),
  };
}

function unreachable(): never {
  throw new Error('A call was sent without a path');
}
