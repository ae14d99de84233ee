import type { ProviderId } from 'deepseek-v4-flash';
import { decodeStream, providers } from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { errorOf } from '../kit/failures.ts';

// By name, `decodeStream` has only those facts of a vendor that answers need. They must be enough.

const vendors = Object.keys(providers) as ProviderId[];

/** What a stream of one error is to `decodeStream`. */
function failureOf(error: object, provider: Parameters<typeof decodeStream>[1]) {
  const body = new Blob([`data: ${JSON.stringify({ error })}\n\n`]).stream();
  return errorOf(
    (async () => {
      for await (const _ of decodeStream(body, provider)) continue;
    })(),
  );
}

describe.each(vendors)('%s', (id) => {
  const provider = providers[id];

  test.each([
    ['no key', { message: 'Invalid key', code: 401 }],
    ['an empty account or no permission', { message: 'No', code: 403 }],
    ['a prompt that is too long', { message: 'Too long', code: 'context_length_exceeded' }],
    ['a rate limit', { message: 'Slow down', code: 'rate_limit_exceeded' }],
    ['a parameter that is not known', { message: 'reasoning_effort', code: 400 }],
  ])('decodeStream says the same with its name and with its profile: %s', async (_of, error) => {
    const byName = await failureOf(error, { provider: id });
    const byProfile = await failureOf(error, { provider });
    expect(byName.toJSON()).toEqual(byProfile.toJSON());
    expect(byName.message).toContain(provider.profile.name);
  });

  test('decodeStream tells by its name which variable holds the key, and how much fits', async () => {
    const unknown = await failureOf({ message: 'x', code: 401 }, { provider: id });
    expect(unknown.message).toContain(provider.profile.apiKeyVariables.join(' or '));
    const { contextWindow } = provider.profile.models['deepseek-v4-flash'] ?? {};
    const full = await failureOf({ code: 'context_length_exceeded' }, { provider: id });
    expect(full.code).toBe('context_length');
    expect(full.message.includes('the context window is')).toBe(contextWindow !== undefined);
    expect(full.message).toContain(contextWindow ?? '');
  });
});

test('decodeStream knows by name at which vendors a 403 is an empty account', async () => {
  const isEmpty = async (provider: ProviderId) =>
    (await failureOf({ message: 'No', code: 403 }, { provider })).code === 'insufficient_balance';
  const told = await Promise.all(vendors.map(async (id) => ((await isEmpty(id)) ? [id] : [])));
  // From the pages of both.
  expect(told.flat()).toEqual(['aimlapi', 'vtrix']);
});
