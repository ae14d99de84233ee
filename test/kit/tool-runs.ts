import type {
  ChatCompletionMessageParam,
  ToolRun,
  ToolRunEvent,
  ToolScope,
} from 'deepseek-v4-flash';
import { tool } from 'deepseek-v4-flash';
import type { EmulatorRequest, WireRequest } from 'deepseek-v4-flash/testing';
import { expect, vi } from 'vitest';
import * as z from 'zod';
import { connect, user, wireMessages } from './emulated.ts';
import { failureOf } from './failures.ts';
import { deferred } from './time.ts';

// Runs of tools: a question, a tool, and what the emulated model answers.

export const messages: ChatCompletionMessageParam[] = [
  user('How is the weather in Brno and Malmö?'),
];

export const weather = tool({
  name: 'weather',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => `Rain in ${city}`,
});

export const calling = (...cities: unknown[]) => ({
  tool_calls: cities.map((city, index) => ({
    id: `call_${index}`,
    name: 'weather',
    arguments: { city },
  })),
});

export const done = { content: 'Done.' };

/** A tool named `weather` that does something else. */
export const weatherThat = <Result>(
  execute: (args: { city: string }, scope: ToolScope) => Result | Promise<Result>,
) => tool({ name: 'weather', parameters: z.object({ city: z.string() }), execute });

/** A tool that comes to no end by itself, whatever its signal says. */
export function stubbornTool() {
  const started = deferred<AbortSignal>();
  const stubborn = weatherThat((_args, { signal }) => {
    started.resolve(signal as AbortSignal);
    return new Promise<never>(() => {});
  });
  return { stubborn, started: started.promise };
}

export const bodyOf = (request: EmulatorRequest | undefined): WireRequest => request?.body ?? {};

/** What the model is told about calls, in order. */
export const toldResults = (request: EmulatorRequest | undefined): unknown[] =>
  (request === undefined ? [] : wireMessages(request))
    .filter(({ role }) => role === 'tool')
    .map(({ content }) => content);

export async function collect(run: ToolRun): Promise<ToolRunEvent[]> {
  const events: ToolRunEvent[] = [];
  for await (const event of run.events()) events.push(event);
  return events;
}

export const shortTypes = (events: readonly ToolRunEvent[]): string[] =>
  events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);

/** The conversation is one that vendors take: every call is answered, and nothing else is. */
export async function expectToGoOn(
  conversation: readonly ChatCompletionMessageParam[],
): Promise<void> {
  const { completions, emulator } = connect();
  const given = [...conversation, user('Go on.')];
  await completions.create({ messages: given, tools: [weather] });
  expect(emulator.requests.at(-1)?.undocumented).toEqual([]);
  const calls = conversation.flatMap((each) =>
    each.role === 'assistant' ? (each.tool_calls ?? []).map(({ id }) => id) : [],
  );
  const answers = conversation.flatMap((each) => (each.role === 'tool' ? [each.tool_call_id] : []));
  expect(answers).toEqual(calls);
}

/** Lets everything that is only waiting for its turn have it. */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Runs until somebody waits for something, and then lets the deadline pass. */
export async function passDeadline(
  begin: (deadline: number) => ToolRun,
  waits: Promise<unknown>,
): Promise<{ run: ToolRun; outcome: unknown }> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  try {
    const run = begin(Date.now() + 10_000);
    let outcome: unknown = 'It goes on';
    void failureOf(run.final()).then((error) => (outcome = error));
    await waits;
    await vi.advanceTimersByTimeAsync(9000);
    expect(outcome).toBe('It goes on');
    await vi.advanceTimersByTimeAsync(1000);
    return { run, outcome };
  } finally {
    vi.useRealTimers();
  }
}
