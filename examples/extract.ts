// npx tsx examples/extract.ts
// A text goes in, a typed value comes out: once as it grows, once whole, with a wrong answer that gets corrected.
import { createClient, isChatError, providers } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
import * as z from 'zod';

const Invoice = z.object({
  seller: z.string(),
  date: z.iso.date(),
  currency: z.string().length(3),
  items: z.array(z.object({ text: z.string(), quantity: z.int().min(1), price: z.number() })),
});

const letter = `Hello, here is what we agreed on: two desks for 420 euros each and a lamp for 35.50,
delivered on the third of November 2026. Kind regards, Holzwerk GmbH`;

const withKey = Object.values(providers).find(({ profile }) =>
  profile.apiKeyVariables.some((name) => process.env[name]),
);
const emulator = createEmulator();
const client = withKey
  ? createClient({ provider: withKey })
  : createClient({ apiKey: 'none', transport: emulator.transport });
console.log(withKey ? `Vendor: ${withKey.profile.name}` : 'Vendor: a script (no key is set)');

const right = {
  seller: 'Holzwerk GmbH',
  date: '2026-11-03',
  currency: 'EUR',
  items: [
    { text: 'desk', quantity: 2, price: 420 },
    { text: 'lamp', quantity: 1, price: 35.5 },
  ],
};
if (!withKey) {
  emulator.reply(
    { content: JSON.stringify(right) },
    { content: JSON.stringify({ ...right, date: '3.11.2026' }) },
    { content: `Sorry. Here it is:\n\`\`\`json\n${JSON.stringify(right)}\n\`\`\`` },
  );
}

const messages = [
  { role: 'system' as const, content: 'Extract the invoice from the letter. Dates as YYYY-MM-DD.' },
  { role: 'user' as const, content: letter },
];

try {
  const stream = client.chat.completions.stream({ messages, response_format: Invoice });
  let shown = 0;
  for await (const partial of stream.partialObject()) {
    const count = partial.items?.length ?? 0;
    if (count > shown) console.log('item', (shown = count), '…');
  }
  const streamed = await stream.finalCompletion();
  console.log(streamed.choices[0].message.parsed);

  const completion = await client.chat.completions.parse({ messages, response_format: Invoice });
  const { items, currency } = completion.choices[0].message.parsed;
  const total = items.reduce((sum, { quantity, price }) => sum + quantity * price, 0);
  console.log(
    `${total.toFixed(2)} ${currency}, after ${completion.report.attempts.length} attempts`,
  );
  for (const { code, message } of completion.report.issues) console.log(`${code}: ${message}`);
} catch (error) {
  if (isChatError(error, 'invalid_output')) console.error(error.message, error.issues);
  else console.error(isChatError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
}
