import type { ChatError } from './chat-error.ts';
import { cures } from './cures.ts';
import type { Attempt } from './report.ts';

/** What Node prints of an error: at most nine lines, and of no one's words but those of its message. */
export function inspectError(error: ChatError, depth: number): string {
  if (depth < 0) return `[ChatError: ${error.code}]`;
  const { code, message, provider, status, requestId, param, retryAfterMs, report, docs } = error;
  const where = [
    provider,
    status !== undefined && `status ${status}`,
    requestId !== undefined && `request ${requestId}`,
    retryAfterMs !== undefined && `retry after ${retryAfterMs} ms`,
  ];
  const rows: [string, string | undefined][] = [
    ['vendor', where.filter(Boolean).join(', ')],
    ['param', param],
    ['attempts', attemptsOf(report?.attempts ?? [])],
    ['cause', causeOf(error.cause)],
    ['cure', cures[code]],
    ['docs', docs],
    ['at', callerOf(error.stack)],
  ];
  const lines = rows.flatMap(([title, text]) =>
    text ? `  ${title.padEnd(9)}${oneLine(text)}` : [],
  );
  return [`ChatError [${code}]: ${oneLine(message)}`, ...lines].join('\n');
}

function attemptsOf(attempts: readonly Attempt[]): string | undefined {
  const shown = attempts.slice(-4).map(({ provider, status, error = 'answered', durationMs }) => {
    const how = status === undefined || error === 'answered' ? error : `${error} ${status}`;
    return `${provider} ${how} after ${Math.round(durationMs)} ms`;
  });
  if (shown.length === 0) return undefined;
  const more = attempts.length > shown.length ? '… ' : '';
  return `${attempts.length}: ${more}${shown.join('; ')}`;
}

/** Its kind alone: the words of a cause may be anybody's. */
function causeOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { name, code } = cause as { name?: unknown; code?: unknown };
  return [name, code].filter((each) => typeof each === 'string').join(' ');
}

/** The nearest line of the program that called: neither Node's nor this package's own. */
function callerOf(stack = ''): string | undefined {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const own = frames.find((line) => !/node:|[\\/]deepseek-v4-flash[\\/]dist[\\/]/.test(line));
  return own?.trim().slice('at '.length);
}

function oneLine(text: string): string {
  const even = text.replace(/\s+/g, ' ').trim();
  return even.length > 400 ? `${even.slice(0, 400)}…` : even;
}
