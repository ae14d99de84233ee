// Fastify: it takes a web Response, or hands its own one over with hijack(). For a status of a call that fails,
// `await stream.opened()` before that.
import { createClient } from 'deepseek-v4-flash';
import Fastify from 'fastify';

const client = createClient();
const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

const app = Fastify();
app.get('/', (request, reply) => {
  reply.hijack();
  return client.chat.completions.stream({ messages }).pipeToResponse(reply.raw);
});
await app.listen({ port: Number(process.env.PORT ?? 3000) });
