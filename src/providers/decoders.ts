import { openrouterDecoder } from './openrouter.ts';
import { deepinfraDecoder } from './deepinfra.ts';
import { alibabaDecoder } from './alibaba.ts';
import { fireworksDecoder } from './fireworks.ts';
import { volcengineDecoder } from './volcengine.ts';
import { aimlapiDecoder } from './aimlapi.ts';
import { anyfastDecoder } from './anyfast.ts';
import { bytespikeDecoder } from './bytespike.ts';
import type { Decoder } from '../dialect/decoder.ts';
import { unknownProvider } from '../dialect/decoder.ts';
import { deepseekDecoder } from './deepseek.ts';
import type { ProviderId } from './registry.ts';
import { shortapiDecoder } from './shortapi.ts';
import { vtrixDecoder } from './vtrix.ts';

/** What reads the answers of each vendor, for programs that do nothing else: no encoder comes along. */
const decoders: Record<ProviderId, Decoder> = {
  deepseek: deepseekDecoder,
  aimlapi: aimlapiDecoder,
  shortapi: shortapiDecoder,
  anyfast: anyfastDecoder,
  bytespike: bytespikeDecoder,
  vtrix: vtrixDecoder,
  openrouter: openrouterDecoder,
  deepinfra: deepinfraDecoder,
  alibaba: alibabaDecoder,
  fireworks: fireworksDecoder,
  volcengine: volcengineDecoder,
};

/** The decoder of that name, or that of a provider. @throws ChatError `invalid_options` that lists the known names */
export function findDecoder(provider: string | Decoder): Decoder {
  if (typeof provider === 'object' && provider !== null) {
    if (typeof provider.decodeChunk === 'function' && provider.profile !== undefined)
      return provider;
  } else if (Object.hasOwn(decoders, provider)) return decoders[provider as ProviderId];
  throw unknownProvider(provider, Object.keys(decoders));
}
