/* global awslambda */
// AWS Lambda behind a function URL with the invoke mode RESPONSE_STREAM. For a status of a call that fails, wait for
// `stream.opened()` before the head is made.
import { pipeline } from 'node:stream/promises';
import { createClient } from 'deepseek-v4-flash';

const client = createClient();
const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

export const handler = awslambda.streamifyResponse(async (event, out) => {
  const head = { statusCode: 200, headers: { 'content-type': 'text/event-stream' } };
  const response = awslambda.HttpResponseStream.from(out, head);
  await pipeline(client.chat.completions.stream({ messages }).toSSEStream(), response);
});
