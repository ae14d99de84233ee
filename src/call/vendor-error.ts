import { isKnownWord } from '../dialect/error-words.ts';
import type { DecodedFailure, VendorFailure } from '../dialect/profile.ts';
import type { Provider } from '../dialect/provider.ts';
import { ChatError } from '../outcome/chat-error.ts';
import type { Secrets } from '../outcome/redact.ts';
import { serverDelayMs } from '../traffic/retry-delay.ts';

/**
 * The error that a vendor answered with: in a response, or in an event of a stream.
 *
 * Classify from the original text; build the message from the redacted text. Redact before clipping or reflowing:
 * afterwards a secret is no longer recognisable.
 *
 * @param note added to the message: where the answer came from
 * @param requestId the id in the response's headers. It is the one in the report, so it comes before one in the body.
 */
export function vendorError(
  failure: VendorFailure,
  provider: Provider,
  secrets: Secrets,
  requestId: string | undefined,
  note = '',
): ChatError {
  const { headers } = failure;
  const { code, retryable, limit, ...classified } = decodeFailure(provider, failure);
  const body = secrets.redactValue(failure.body);
  const { message, ...redacted } = decodeFailure(provider, { ...failure, body });
  return new ChatError(code, message + note, {
    ...redacted,
    retryable,
    limit,
    // Known words are shown unchanged: a prompt may contain one by chance.
    vendorCode: isKnownWord(classified.vendorCode) ? classified.vendorCode : redacted.vendorCode,
    vendorType: isKnownWord(classified.vendorType) ? classified.vendorType : redacted.vendorType,
    requestId: requestId ?? redacted.requestId,
    retryAfterMs:
      headers && serverDelayMs(headers, Date.now(), provider.profile.rateLimitResetHeader),
  });
}

/** A body that the vendor's dialect cannot read still came with a status. */
function decodeFailure(provider: Provider, failure: VendorFailure): DecodedFailure {
  try {
    return provider.decodeError(failure, provider.profile);
  } catch {
    return provider.decodeError({ ...failure, body: undefined }, provider.profile);
  }
}
