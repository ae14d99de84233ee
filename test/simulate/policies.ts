import type { ChatStream, ClientOptions, Transport } from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import { likeLiteLLM } from './litellm.ts';
import type { SimulatedVendor } from './vendors.ts';
import { vendors } from './vendors.ts';

/** What is asked for in a call, and where it is told that something has come. */
export interface SimulatedCall {
  number: number;
  /** More of the answer. */
  gotContent(): void;
  /** What had come is void. */
  gotReset(): void;
}

/** Makes calls; each gives its answer, or fails. */
export type MakeCall = (call: SimulatedCall) => Promise<string | null>;

export interface Policy {
  name: string;
  connect(transport: Transport, random: () => number): MakeCall;
}

const messages = [{ role: 'user' as const, content: 'Tell me something.' }];
const apiKey = 'simulated';

/** Reads one stream. */
export async function read(stream: ChatStream, call: SimulatedCall): Promise<string | null> {
  for await (const event of stream.events()) {
    if (event.type === 'content.delta') call.gotContent();
    else if (event.type === 'reset') call.gotReset();
  }
  const completion = await stream.finalCompletion();
  return completion.choices[0].message.content;
}

function caller(options: ClientOptions): MakeCall {
  const { completions } = createClient({ onUnsupported: 'adjust', ...options }).chat;
  return (call) => {
    const headers = { 'x-call': String(call.number) };
    const params = { messages, max_tokens: 512, thinking: { type: 'disabled' } } as const;
    return read(completions.stream(params, { headers }), call);
  };
}

export const alone = ({ name, pricing }: SimulatedVendor, maxRetries: number): Policy => ({
  name: maxRetries === 0 ? `${name} alone` : `${name} with ${maxRetries} retries`,
  connect: (transport) => caller({ provider: name, pricing, apiKey, transport, maxRetries }),
});

export const together = (name: string, options: ClientOptions): Policy => ({
  name,
  connect(transport) {
    const providers = vendors.map((each) => ({
      provider: each.name,
      apiKey,
      pricing: each.pricing,
    }));
    return caller({ ...options, providers, transport });
  },
});

export const litellm: Policy = {
  name: "LiteLLM's rules",
  connect: (transport, random) =>
    likeLiteLLM(
      vendors.map((vendor) => alone(vendor, 0).connect(transport, random)),
      random,
    ),
};

const on: ClientOptions = { onInterrupted: 'restart', hedge: { after: 'p95' } };
const patient: ClientOptions = { ...on, strategy: 'fastest', maxWaitMs: 60_000 };

/** Everybody who is compared. The goals are held against those of `providers`. */
export const policies: readonly Policy[] = [
  ...vendors.map((vendor) => alone(vendor, 0)),
  ...vendors.slice(0, 1).map((vendor) => alone(vendor, 2)),
  litellm,
  together('providers', {}),
  together('providers, restart, hedge', on),
  together('providers, restart, hedge, fastest', { ...on, strategy: 'fastest' }),
  together('providers, restart, hedge, fastest, maxWaitMs 60 s', patient),
  together('providers, restart, hedge, cheapest', { ...on, strategy: 'cheapest' }),
];
