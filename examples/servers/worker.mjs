// Cloudflare Workers, Deno Deploy and Bun: a handler that gives a web Response. The key is a secret of the worker. On
// Workers the flag `enable_request_signal` makes a visitor's leaving heard at once, and not with the vendor's next write.
// A failure is a frame in a response of status 200; for another status, `await stream.opened()` first.
import { createClient } from 'deepseek-v4-flash';

const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

export default {
  fetch(request, env) {
    const client = createClient({ apiKey: env.DEEPSEEK_API_KEY });
    const { signal } = request;
    return client.chat.completions.stream({ messages }, { signal }).toResponse();
  },
};
