// Express: its response is one of node:http. A failure is a frame in it; for a status, `await stream.opened()` first.
import { createClient } from 'deepseek-v4-flash';
import express from 'express';

const client = createClient();
const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

const app = express();
app.get('/', (request, response) =>
  client.chat.completions.stream({ messages }).pipeToResponse(response),
);
app.listen(process.env.PORT ?? 3000);
