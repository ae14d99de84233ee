import type { Client, ClientOptions } from '../index.ts';
import { ChatError, createClient } from '../index.ts';

/** Whether it is a client, and not the options of one. */
export function isClient(given: unknown): given is Client<never> {
  try {
    return typeof (given as Partial<Client> | null)?.chat?.completions?.create === 'function';
  } catch {
    return false;
  }
}

/** A client as it is, or one made from options. @throws ChatError `invalid_options` */
export function clientOf(given: Client<never> | ClientOptions): Client<never> {
  return isClient(given) ? given : (createClient(given) as Client<never>);
}

/** @throws ChatError `invalid_options` for anything but a client, its options included */
export function needClient(given: unknown, whose: string): void {
  if (isClient(given)) return;
  const message = `${whose} needs a client, e.g. createClient({ provider: 'deepseek' })`;
  throw new ChatError('invalid_options', message, { param: 'client' });
}
