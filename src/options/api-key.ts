import { ChatError } from '../outcome/chat-error.ts';
import type { ResolvedOptions } from './options.ts';

/** @throws ChatError `invalid_options`, without the key */
export function checkKey(key: string): void {
  if (typeof key !== 'string' || !/^[\x21-\x7e]*$/.test(key)) {
    const message =
      'The API key contains a line break, a space or another invalid character (was it read from a file?)';
    throw new ChatError('invalid_options', message, { param: 'apiKey' });
  }
}

/**
 * The key for one attempt; a promise only of what a function gives.
 *
 * @throws ChatError `missing_api_key` that names the variables that were looked for; `invalid_options` for a key that
 *   cannot be a header, without the key
 */
export function resolveKey(options: ResolvedOptions): string | Promise<string> {
  const { apiKey, provider } = options;
  return typeof apiKey === 'function'
    ? askFor(apiKey, provider.profile.name).then((given) => keyFrom(given, options))
    : keyFrom(apiKey, options);
}

function keyFrom(
  given: string | undefined,
  { provider, baseURL, origin }: ResolvedOptions,
): string {
  const { name, apiKeyVariables } = provider.profile;
  const isOwnHost = given === undefined && origin === new URL(provider.profile.baseURL).origin;
  const key = given ?? (isOwnHost ? readVariable(apiKeyVariables) : undefined);
  if (key === undefined || String(key).trim() === '') {
    const message = missingKey(name, apiKeyVariables, given, isOwnHost, baseURL);
    throw new ChatError('missing_api_key', message, { provider: provider.id, param: 'apiKey' });
  }
  checkKey(key);
  return key;
}

async function askFor(
  apiKey: () => string | Promise<string>,
  name: string,
): Promise<string | undefined> {
  try {
    return await apiKey();
  } catch (cause) {
    const message = `The apiKey function for ${name} failed`;
    throw new ChatError('missing_api_key', message, { cause, param: 'apiKey' });
  }
}

function missingKey(
  name: string,
  variables: readonly string[],
  given: string | undefined,
  isOwnHost: boolean,
  baseURL: string,
): string {
  if (given !== undefined) return `The key given for ${name} is empty`;
  if (!isOwnHost) {
    const { host } = new URL(baseURL);
    const unused =
      variables.length > 0
        ? `; ${variables.join(' and ')} is used only for ${name}'s own host`
        : '';
    return `No key for ${host}: pass it as apiKey${unused}`;
  }
  if (variables.length === 0) return `No key for ${name}: pass it as apiKey`;
  const permission = 'Deno' in globalThis ? ' (which Deno reads with --allow-env)' : '';
  return `No key for ${name}: set ${variables.join(' or ')}${permission}, or pass it as apiKey`;
}

function readVariable(names: readonly string[]): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  try {
    return names.map((name) => process?.env?.[name]).find((value) => value);
  } catch {
    // Deno, without the permission to read them.
    return undefined;
  }
}
