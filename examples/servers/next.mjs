// Next: app/chat/route.js, on Node or with `export const runtime = 'edge'`.
import { createClient } from 'deepseek-v4-flash';

const client = createClient();
const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

export function GET() {
  return client.chat.completions.stream({ messages }).toResponse();
}
