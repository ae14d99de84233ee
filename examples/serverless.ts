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
    if (!isChatError(error)) throw error;
    const status = error.code === 'invalid_request' ? 400 : 502;
    return Response.json({ error: error.toJSON() }, { status });
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
