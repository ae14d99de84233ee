/** Calls a hook, if there is one. Hooks are guests: what they throw is theirs. */
export function callHook(hook: false | undefined | (() => unknown)): void {
  if (!hook) return;
  try {
    // Also what they throw later, as asynchronous functions do.
    void Promise.resolve(hook()).catch(() => {});
  } catch {
    // Said in the option's documentation.
  }
}
