// Hono, here on Node: its handlers give a web Response. A failure is a frame in it; for a status, `await stream.opened()`
// first, in an async handler.
import { serve } from '@hono/node-server';
import { createClient } from 'deepseek-v4-flash';
import { Hono } from 'hono';

const client = createClient();
const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

const app = new Hono();
app.get('/', () => client.chat.completions.stream({ messages }).toResponse());
serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) });
