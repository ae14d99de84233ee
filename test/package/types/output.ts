// A user's agent and extractor, compiled against the declarations alone. Its schemas are written by hand: the types of
// tools and values need no schema library.

import { createClient, explainMessages, tool } from 'deepseek-v4-flash';
import type {
  ChatCompletionMessageParam,
  ChatCompletionTool,
  ChatStream,
  CompletionStream,
  InferOutput,
  OutputSchema,
  ParsedChatCompletionWithReport,
  RunnableTool,
  SchemaPair,
  StandardJSONSchemaV1,
  StandardSchemaV1,
  ToolRun,
  ToolRunResult,
  ToolScope,
} from 'deepseek-v4-flash';

interface Place {
  city: string;
  visits: { year: number; with?: string | undefined }[];
}

interface Session {
  user: string;
}

declare const withJSONSchema: StandardJSONSchemaV1<Place>;
declare const checkOnly: StandardSchemaV1<{ n: number }>;

const unset: undefined = undefined;
const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }];
const { chat, completions } = createClient();

const pair: SchemaPair<{ n: number }> = {
  schema: checkOnly,
  jsonSchema: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
  name: unset,
  description: unset,
};

const visit = tool({
  name: 'visit',
  description: unset,
  parameters: withJSONSchema,
  execute: async ({ city, visits }, { context, signal, step }: ToolScope<Session>) => {
    const year: number | undefined = visits[0]?.year;
    if (signal.aborted) throw new Error('too late');
    return { title: `${context.user} in ${city.toUpperCase()}`, year, step };
  },
});

const double = tool({ name: 'double', parameters: pair, execute: ({ n }) => n * 2 });

// @ts-expect-error no such argument
tool({ name: 'wrong', parameters: withJSONSchema, execute: ({ town }) => town });
// @ts-expect-error gives no JSON Schema by itself
tool({ name: 'wrong', parameters: checkOnly, execute: () => '' });

export const typed: RunnableTool<{ n: number }, number> = double;
export const tools: RunnableTool<unknown, unknown, Session>[] = [visit, double];
export const wire: ChatCompletionTool[] = [visit, double];

export async function agent(user: string): Promise<ToolRunResult> {
  const run: ToolRun = chat.completions.runTools(
    {
      messages,
      tools: [visit, double],
      maxSteps: unset,
      context: { user },
      approve: (call, args) => ({ approved: call.function.name !== 'visit', reason: String(args) }),
      stopWhen: (step) => step.results.some((result) => result.failure === 'tool_error'),
    },
    { onReasoningExhausted: 'lower' },
  );
  for await (const event of run.events()) {
    if (event.type === 'tool.result')
      messages.push({ role: 'user', content: event.result.content });
  }
  return run.final();
}

export async function extract(): Promise<number | undefined> {
  const completion: ParsedChatCompletionWithReport<Place> = await chat.completions.parse(
    { messages, response_format: withJSONSchema },
    { maxRepairs: unset },
  );
  const { message } = completion.choices[0];
  messages.push(message);
  const refused: string | undefined = explainMessages(messages, 'deepseek')[0]?.reason;
  const place: Place = message.parsed;
  return refused === undefined ? place.visits[0]?.year : undefined;
}

export async function* growing(): AsyncGenerator<string, number | undefined> {
  const stream = chat.completions.stream({ messages, response_format: pair });
  for await (const { n } of stream.partialObject()) yield (n ?? 0).toFixed();
  const { choices } = await stream.finalCompletion();
  const { n }: { n: number } = choices[0].message.parsed;
  return n;
}

export async function generic<Schema extends OutputSchema>(
  schema: Schema,
): Promise<InferOutput<Schema>> {
  const completion = await chat.completions.parse({ messages, response_format: schema });
  return completion.choices[0].message.parsed;
}

export const plain: ChatStream = chat.completions.stream({ messages });

export async function fill(): Promise<string | undefined> {
  const stream: CompletionStream = await completions.create({ prompt: 'a', stream: true });
  for await (const text of stream.text()) if (text === '') break;
  const whole = await completions.create({ prompt: 'a', suffix: unset, max_tokens: null });
  return whole.choices[0]?.text;
}
