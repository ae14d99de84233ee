// Next: app/chat/route.js, on Node or with `export const runtime = 'edge'`. A failure is a frame in a response of status
// 200; for another status, `await stream.opened()` first, in an async GET.
import { createClient } from 'deepseek-v4-flash';

const client = createClient();
const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

export function GET() {
  return client.chat.completions.stream({ messages }).toResponse();
}
