// Koa: with `respond` off it leaves the response to us. For a status of a call that fails, `await stream.opened()` before.
import { createClient } from 'deepseek-v4-flash';
import Koa from 'koa';

const client = createClient();
const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

const app = new Koa();
app.use((context) => {
  context.respond = false;
  return client.chat.completions.stream({ messages }).pipeToResponse(context.res);
});
app.listen(process.env.PORT ?? 3000);
