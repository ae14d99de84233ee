/** Where a command runs: what it reads, where it writes, and how it is stopped. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results: standard output, and nothing else goes there. */
  print(text: string): void;
  /** Progress, questions and errors: standard error. */
  tell(text: string): void;
  /** What is only by the way, dimmed where standard error is a terminal. */
  whisper(text: string): void;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  /** Where a prompt is shown. */
  readonly prompts: NodeJS.WritableStream;
  /** Calls the listener at Ctrl-C and at a request to end, instead of ending the process. Returns what takes it off. */
  onStop(listener: () => void): () => void;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  // A reader that has seen enough (`| head`) is no failure.
  stdout.on('error', (error: { code?: string }) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const isDimmed = stderr.isTTY && env.NO_COLOR === undefined;
  return {
    env,
    print: (text) => void stdout.write(text),
    tell: (text) => void stderr.write(text),
    whisper: (text) => void stderr.write(isDimmed ? `\x1b[2m${text}\x1b[22m` : text),
    input: stdin,
    prompts: stderr,
    onStop(listener) {
      process.on('SIGINT', listener).on('SIGTERM', listener);
      return () => void process.off('SIGINT', listener).off('SIGTERM', listener);
    },
  };
}

/** Resolves at Ctrl-C. */
export function stopped(terminal: Terminal): Promise<void> {
  return new Promise((resolve) => {
    const remove = terminal.onStop(() => {
      remove();
      resolve();
    });
  });
}
