import type { ErrorIssue } from '../schema/issue.ts';
import { ChatError } from './chat-error.ts';

/** An `invalid_request` that lists what is wrong. */
export function invalidRequest(issues: readonly ErrorIssue[]): ChatError {
  const shown = issues.slice(0, 3).map(({ path, message }) => `${path || 'request'}: ${message}`);
  const more = issues.length > 3 ? ` (and ${issues.length - 3} more)` : '';
  return new ChatError('invalid_request', `${shown.join('; ')}${more}`, {
    issues,
    param: issues[0]?.path || undefined,
  });
}
