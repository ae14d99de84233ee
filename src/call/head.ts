import type { AttemptScope } from './attempts.ts';
import type { CallParts } from './call-parts.ts';
import { tellResponse } from './hooks.ts';
import type { TransportResponse } from '../transport/transport.ts';

/** Records the response headers in the report, and calls the user's hook. */
export function recordHead(
  { status, headers }: Pick<TransportResponse, 'status' | 'headers'>,
  scope: AttemptScope,
  { options, report, secrets }: CallParts,
): void {
  const { record } = scope;
  report.headers = secrets.redactHeaders(headers);
  report.timings.headersMs = Date.now() - report.timings.startedAt;
  record.status = status;
  const requestId = report.headers[options.provider.profile.requestIdHeader];
  if (requestId !== undefined) {
    report.requestId = requestId;
    record.requestId = requestId;
  } else if (report.requestId !== undefined) {
    // The id of an earlier attempt would be the wrong one.
    delete report.requestId;
  }
  const shouldRetry = headers['x-should-retry'];
  if (shouldRetry !== undefined) scope.shouldRetry = shouldRetry === 'true';
  tellResponse(options, status, report);
}
