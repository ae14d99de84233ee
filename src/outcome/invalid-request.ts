import type { ErrorIssue } from '../schema/issue.ts';
import { ChatError } from './chat-error.ts';

/** An `invalid_request` that lists what is wrong. */
export function invalidRequest(issues: readonly ErrorIssue[]): ChatError {
  const shown = issues.slice(0, 3).map(({ path, message }) => `${path || 'request'}: ${message}`);
  const others = issues.slice(3).reduce((sum, { count = 1 }) => sum + count, 0);
  const more = others > 0 ? ` (and ${others} more)` : '';
  return new ChatError('invalid_request', `${shown.join('; ')}${more}`, {
    issues,
    param: issues[0]?.path || undefined,
  });
}
