import type { ProviderId } from 'deepseek-v4-flash';
import { createClient, fetchTransport, providers } from 'deepseek-v4-flash';
import { handlers } from 'deepseek-v4-flash/testing/msw';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const emulated = handlers({ strict: true });
const server = setupServer(...emulated);
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const messages = [{ role: 'user', content: 'Hi' } as const];

describe.each(Object.keys(providers) as ProviderId[])('%s', (provider) => {
  const client = createClient({
    provider,
    apiKey: 'any-key',
    transport: fetchTransport(),
    maxRetries: 0,
  });

  test('answers at its real URL, whole and streamed', async () => {
    const whole = await client.chat.completions.create({ messages });
    const stream = await client.chat.completions.create({ messages, stream: true });
    expect(await stream.finalCompletion()).toEqual(whole);
    expect(whole.choices[0].message.content).toContain('You said: "Hi"');
  });

  test("is sent the key, the type of the body, what it accepts, and no browser's name", async () => {
    const { baseURL } = providers[provider].profile;
    let seen: Request | undefined;
    server.use(
      http.post(`${baseURL}/chat/completions`, ({ request }) => {
        seen = request.clone();
        return HttpResponse.json(
          { choices: [{ message: { content: 'x' }, finish_reason: 'stop' }] },
          { status: 201 },
        );
      }),
    );
    const completion = await client.chat.completions.create(
      { messages },
      { headers: { 'X-Mine': 'yes' } },
    );
    expect(completion.choices[0].message.content).toBe('x');
    expect(seen?.headers.get('authorization')).toBe('Bearer any-key');
    expect(seen?.headers.get('content-type')).toBe('application/json');
    expect(seen?.headers.get('accept')).toBe('application/json');
    expect(seen?.headers.get('x-mine')).toBe('yes');
    expect(seen?.headers.get('user-agent')).toMatch(/^deepseek-v4-flash\/\d+\.\d+\.\d+ node\/\d+/);
  });

  test('asks for an event stream when it streams', async () => {
    const { baseURL } = providers[provider].profile;
    let accept: string | null = null;
    server.use(
      http.post(`${baseURL}/chat/completions`, ({ request }) => {
        accept = request.headers.get('accept');
        return new HttpResponse(
          'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n',
        );
      }),
    );
    const completion = await client.chat.completions.stream({ messages }).finalCompletion();
    expect(completion.choices[0].message.content).toBe('x');
    expect(accept).toBe('text/event-stream');
  });

  test('tells of an error in its own form', async () => {
    emulated.emulator.reply({ error: 'overloaded' });
    await expect(client.chat.completions.create({ messages })).rejects.toMatchObject({
      code: 'overloaded',
      status: 503,
      provider,
      retryable: true,
    });
  });
});
