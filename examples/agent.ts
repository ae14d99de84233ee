// npx tsx examples/agent.ts
// Several steps, two tools, and a human who is asked before money moves. Off a terminal, small sums are approved.
import { createInterface } from 'node:readline/promises';
import { createClient, isChatError, providers, tool } from 'deepseek-v4-flash';
import { createEmulator } from 'deepseek-v4-flash/testing';
import * as z from 'zod';

const orders = new Map([
  ['A-17', { customer: 'Ada', item: 'lamp', paid: 35.5, state: 'arrived broken' }],
  ['A-18', { customer: 'Ada', item: 'desk', paid: 420, state: 'arrived late' }],
]);

const findOrders = tool({
  name: 'find_orders',
  description: 'All orders of a customer',
  parameters: z.object({ customer: z.string() }),
  execute: ({ customer }) => [...orders].filter(([, order]) => order.customer === customer),
});

const refund = tool({
  name: 'refund',
  description: 'Pays back some or all of what an order cost',
  parameters: z.object({ order: z.string(), amount: z.number().positive() }),
  execute({ order, amount }) {
    const found = orders.get(order);
    if (found === undefined) throw new Error(`There is no order ${order}`);
    if (amount > found.paid) throw new Error(`Order ${order} cost ${found.paid} only`);
    found.paid -= amount;
    return { refunded: amount };
  },
});

async function approve(call: { function: { name: string } }, args: unknown) {
  if (call.function.name !== 'refund') return true;
  const { order, amount } = args as { order: string; amount: number };
  if (!process.stdin.isTTY) {
    const reason = 'Refunds of more than 100 need a manager, who is not here.';
    return amount <= 100 ? true : { approved: false, reason };
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Refund ${amount} of order ${order}? [y/N] `);
  terminal.close();
  return answer.trim().toLowerCase() === 'y';
}

const withKey = Object.values(providers).find(({ profile }) =>
  profile.apiKeyVariables.some((name) => process.env[name]),
);
const emulator = createEmulator();
// Without a key, this is what the model says.
emulator.reply(
  {
    reasoning_content: 'I need the orders first.',
    tool_calls: [{ name: 'find_orders', arguments: { customer: 'Ada' } }],
  },
  {
    reasoning_content: 'One is broken, one was late.',
    tool_calls: [
      { name: 'refund', arguments: { order: 'A-17', amount: 35.5 } },
      { name: 'refund', arguments: { order: 'A-18', amount: 420 } },
    ],
  },
  { content: 'The lamp is paid back. About the desk a manager will have to decide.' },
);
const client = withKey
  ? createClient({ provider: withKey })
  : createClient({ apiKey: 'none', transport: emulator.transport });
console.log(withKey ? `Vendor: ${withKey.profile.name}` : 'Vendor: a script (no key is set)');

const run = client.chat.completions.runTools(
  {
    messages: [
      { role: 'system', content: 'You look after customers of a shop. Refund what went wrong.' },
      { role: 'user', content: 'This is Ada. The lamp broke and the desk came late!' },
    ],
    tools: [findOrders, refund],
    thinking: { type: 'enabled' },
    maxSteps: 6,
    approve,
  },
  { deadline: Date.now() + 300_000 },
);
try {
  for await (const event of run.events()) {
    if (event.type === 'step.start') console.log(`\nstep ${event.step}`);
    else if (event.type === 'tool.result') {
      const { tool_call, content, failure } = event.result;
      const name = tool_call.type === 'function' ? tool_call.function.name : tool_call.type;
      console.log(`${name}: ${failure ?? 'done'} ${content}`);
    } else if (event.type === 'content.delta') process.stdout.write(event.delta);
  }
  const { end, cost } = await run.final();
  console.log(`\n\n${end}, $${cost?.usd ?? '?'}`);
} catch (error) {
  // What was done until then is not lost: run.steps and run.messages have it.
  console.error(isChatError(error) ? `${error.code}: ${error.message}` : error, run.steps.length);
  process.exitCode = 1;
}
