// node:http: the answer goes out as it comes, and a visitor who leaves ends the call. One that fails is told in a frame of
// the stream, whose status is 200 by then; `await stream.opened()` before `pipeToResponse`, to answer it with another.
import { createServer } from 'node:http';
import { createClient } from 'deepseek-v4-flash';

const client = createClient();
const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

const server = createServer((request, response) => {
  client.chat.completions.stream({ messages }).pipeToResponse(response);
});
server.listen(process.env.PORT ?? 3000);
