import type { ChatError } from '../outcome/chat-error.ts';
import type { Attempt, Report } from '../outcome/report.ts';

// Whoever watches calls and has no say in them.

/**
 * Receives log lines. Details are safe for JSON and contain no key, prompt or answer. Without one, the environment variable
 * `DEEPSEEK_V4_FLASH_LOG=debug` writes them to standard error.
 */
export interface Logger {
  /** A step of a call: `request`, `response`, `retry` or `end`. */
  debug?: ((message: string, details: Record<string, unknown>) => void) | undefined;
}

/** Called during a call. What they throw is ignored. They see only the values of headers that are known to be harmless. */
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
  /** When the headers of a response have arrived. */
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
  /** At the end of each call, with its error if it failed. */
  onEnd?: ((report: Report, error?: ChatError) => void) | undefined;
}
