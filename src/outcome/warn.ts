import type { Adjustment } from './report.ts';

const warned = new Set<string>();

/** One warning a process for each vendor and parameter, and only for what may change the answer. */
export function warnOnce(provider: string, adjustments: readonly Adjustment[]): void {
  for (const { param, action, lossy, reason } of adjustments) {
    // `messages.3.name` is one parameter, whatever the position.
    const key = `${provider} ${param.replace(/\d+/g, '*')}`;
    if (!lossy || warned.has(key)) continue;
    warned.add(key);
    warn(
      `${provider}: ${param} was ${action}: ${reason}. See report.adjustments, or set onUnsupported.`,
    );
  }
}

/** Says it where the program's own warnings go. */
export function warn(message: string): void {
  const { process } = globalThis as {
    process?: { emitWarning?: (message: string, options: { type: string }) => void };
  };
  if (process?.emitWarning === undefined) console.warn(message);
  else process.emitWarning(message, { type: 'DeepSeekV4FlashWarning' });
}
