// A web handler: Request in, streamed Response out. Deno, Bun, workers and Next.js route handlers take it as it is.
import { createClient, isChatError } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';

// With a key in DEEPSEEK_API_KEY, `createClient()` alone is enough.
const client = createClient({ apiKey: 'none', transport: createEmulator().transport });

export async function handler(request: Request): Promise<Response> {
  const { question } = (await request.json()) as { question: string };
  try {
    const stream = await client.chat.completions.create(
      { messages: [{ role: 'user', content: question }], stream: true },
      // A visitor who leaves ends the request; and the answer is over before the platform's own limit.
      { signal: request.signal, deadline: Date.now() + 25_000 },
    );
    return stream.toResponse();
  } catch (error) {
    // `create` has waited for the vendor, so a failure has a status; later ones are a frame in the stream. In this form the
    // page's `readChat` knows it. The error itself is for the log: it may name the vendor and the account.
    if (!isChatError(error)) throw error;
    console.error(error);
    const { code, retryable } = error;
    const told = { type: 'flash_error', code, retryable, message: 'There is no answer right now.' };
    return Response.json({ error: told }, { status: code === 'invalid_request' ? 400 : 502 });
  }
}

const response = await handler(
  new Request('http://localhost/', {
    method: 'POST',
    body: JSON.stringify({ question: 'Hello?' }),
  }),
);
console.log(response.status, response.headers.get('content-type'));
console.log(await response.text());
