import type { ChatError } from '../outcome/chat-error.ts';
import type { Attempt, Report } from '../outcome/report.ts';

// Whoever watches calls and has no say in them.

/**
 * Takes log lines. Details are JSON-safe and hold no key, no prompt and no answer. Without one, the environment variable
 * `DEEPSEEK_V4_FLASH_LOG=debug` writes them to standard error.
 */
export interface Logger {
  /** A step of a call: `request`, `response`, `retry` or `end`. */
  debug?: ((message: string, details: Record<string, unknown>) => void) | undefined;
}

/** Called as a call goes on. What they throw is ignored. They see the values of headers that are known to be harmless. */
export interface Hooks {
  /** Before each send. */
  onRequest?:
    | ((event: {
        provider: string;
        method: string;
        url: string;
        headers: Record<string, string>;
        attempt: number;
      }) => void)
    | undefined;
  /** At each response head. */
  onResponse?:
    | ((event: {
        provider: string;
        status: number;
        headers: Record<string, string>;
        attempt: number;
      }) => void)
    | undefined;
  /** Before the wait for the next attempt. */
  onRetry?: ((event: { provider: string; attempt: Attempt; delayMs: number }) => void) | undefined;
  /** At the end of each call; with its error, if it failed. */
  onEnd?: ((report: Report, error?: ChatError) => void) | undefined;
}
