import { toJsonSchema, toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import { assertType, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import { createClient, defineProvider, tool } from 'deepseek-v4-flash';
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
  ChatCompletionTool,
  ChatCompletionWithReport,
  ChatStream,
  ChatStreamEvent,
  Choice,
  CompletionCreateParams,
  CompletionStream,
  CompletionWithReport,
  Cost,
  DeepPartial,
  FinalCompletion,
  InferOutput,
  OutputSchema,
  ParsedChatCompletion,
  ParsedChatCompletionWithReport,
  ParsedMessage,
  Report,
  RunnableTool,
  RunToolsParams,
  SchemaPair,
  StandardSchemaV1,
  ToolRun,
  ToolRunEvent,
  ToolRunResult,
  ToolRunStep,
  ToolScope,
} from 'deepseek-v4-flash';

const client = createClient();
const { create, parse, runTools, stream } = client.chat.completions;
const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }];

/** A place, the way each library writes it. */
interface Place {
  city: string;
  days?: number | undefined;
}

const zodPlace = z.object({ city: z.string(), days: z.number().optional() });
const miniPlace = mini.object({ city: mini.string(), days: mini.optional(mini.number()) });
const valibotPlace = v.object({ city: v.string(), days: v.optional(v.number()) });
const arkPlace = type({ city: 'string', 'days?': 'number | undefined' });

const miniPair = { schema: miniPlace, jsonSchema: z.toJSONSchema(miniPlace, { io: 'input' }) };
const valibotPair = { schema: valibotPlace, jsonSchema: { ...toJsonSchema(valibotPlace) } };

/** What the schemas make differs from what the model writes. */
const changing = z.object({
  id: z.string().transform(Number),
  lang: z.string().default('en'),
  note: z.string().nullish(),
  tags: z.array(z.string()).readonly(),
  kind: z.enum(['a', 'b']),
  answer: z.union([z.string(), z.object({ because: z.string() })]),
  pair: z.tuple([z.string(), z.number()]),
  by: z.record(z.string(), z.number()),
  at: z.codec(z.iso.datetime(), z.date(), {
    decode: (text) => new Date(text),
    encode: (date) => date.toISOString(),
  }),
});

interface Changed {
  id: number;
  lang: string;
  note?: string | null | undefined;
  tags: readonly string[];
  kind: 'a' | 'b';
  answer: string | { because: string };
  pair: [string, number];
  by: Record<string, number>;
  at: Date;
}

interface Valued {
  choices: [{ message: { parsed: unknown } }, ...unknown[]];
}

/** The value that `parse` gives. */
type ParsedBy<Completion extends Promise<Valued>> =
  Awaited<Completion>['choices'][0]['message']['parsed'];

/** What `partialObject()` gives, one by one. */
type Growing<Stream extends { partialObject(): unknown }> =
  ReturnType<Stream['partialObject']> extends AsyncIterable<infer Value> ? Value : never;

// ---------------------------------------------------------------------------------------------- tools

test('arguments of a tool follow from its schema, whichever library it is of', () => {
  const name = 'weather';

  void tool({
    name,
    parameters: zodPlace,
    execute: (args) => expectTypeOf(args).toEqualTypeOf<Place>(),
  });
  void tool({
    name,
    parameters: miniPair,
    execute: (args) => expectTypeOf(args).toEqualTypeOf<Place>(),
  });
  void tool({
    name,
    parameters: valibotPair,
    execute: (args) => expectTypeOf(args).toEqualTypeOf<Place>(),
  });
  void tool({
    name,
    parameters: toStandardJsonSchema(valibotPlace),
    execute: (args) => expectTypeOf(args).toEqualTypeOf<Place>(),
  });
  void tool({
    name,
    parameters: arkPlace,
    execute: (args) => expectTypeOf(args).toEqualTypeOf<Place>(),
  });
});

test('a pair that is written in place, with a name and a description, gives its arguments too', () => {
  void tool({
    name: 'weather',
    parameters: {
      schema: miniPlace,
      jsonSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      name: 'place',
      description: 'Where',
    },
    execute: (args) => expectTypeOf(args).toEqualTypeOf<Place>(),
  });
  void tool({
    name: 'weather',
    parameters: {
      schema: valibotPlace,
      jsonSchema: { type: 'object' },
      name: undefined,
      description: undefined,
    },
    execute: (args) => expectTypeOf(args).toEqualTypeOf<Place>(),
  });
  // A schema that gives its JSON Schema may be given another one.
  void tool({
    name: 'weather',
    parameters: { schema: zodPlace, jsonSchema: { type: 'object' } },
    execute: (args) => expectTypeOf(args).toEqualTypeOf<Place>(),
  });
});

test('what a converter gives is a pair without a cast', () => {
  assertType<SchemaPair<Place>>({ schema: miniPlace, jsonSchema: z.toJSONSchema(miniPlace) });
  assertType<SchemaPair<Place>>({ schema: valibotPlace, jsonSchema: toJsonSchema(valibotPlace) });
  void tool({
    name: 'weather',
    parameters: { schema: valibotPlace, jsonSchema: toJsonSchema(valibotPlace) },
    execute: (args) => expectTypeOf(args).toEqualTypeOf<Place>(),
  });
});

test('arguments are what the schema gives, not what the model writes', () => {
  void tool({
    name: 'change',
    parameters: changing,
    execute: (args) => expectTypeOf(args).toEqualTypeOf<Changed>(),
  });
  void tool({
    name: 'change',
    parameters: type({ n: 'string.numeric.parse', 'lang?': 'string', size: 'number = 1' }),
    execute: (args) =>
      expectTypeOf(args).toEqualTypeOf<{ n: number; lang?: string; size: number }>(),
  });
  const schema = v.object({
    n: v.pipe(v.string(), v.transform(Number)),
    lang: v.optional(v.string(), 'en'),
  });
  void tool({
    name: 'change',
    parameters: { schema, jsonSchema: { ...toJsonSchema(schema, { typeMode: 'input' }) } },
    execute: (args) => expectTypeOf(args).toEqualTypeOf<{ n: number; lang: string }>(),
  });
});

test('the order of the fields, and the way the function is written, make no difference', () => {
  void tool({
    execute: (args) => expectTypeOf(args).toEqualTypeOf<Place>(),
    parameters: zodPlace,
    name: 'weather',
  });
  void tool({
    name: 'weather',
    execute(args, scope) {
      expectTypeOf(args).toEqualTypeOf<Place>();
      expectTypeOf(scope).toEqualTypeOf<ToolScope>();
    },
    parameters: zodPlace,
  });
  void tool({
    name: 'weather',
    parameters: zodPlace,
    execute: async ({ city, days }) => {
      expectTypeOf(city).toEqualTypeOf<string>();
      expectTypeOf(days).toEqualTypeOf<number | undefined>();
    },
  });
  const go = (place: Place): string => place.city;
  expectTypeOf(tool({ name: 'weather', parameters: zodPlace, execute: go })).toEqualTypeOf<
    RunnableTool<Place, string>
  >();
});

test('the result of a tool is that of its function', () => {
  const name = 'weather';
  const parameters = zodPlace;

  expectTypeOf(tool({ name, parameters, execute: ({ city }) => city })).toEqualTypeOf<
    RunnableTool<Place, string>
  >();
  expectTypeOf(tool({ name, parameters, execute: async () => ({ degrees: 20 }) })).toEqualTypeOf<
    RunnableTool<Place, { degrees: number }>
  >();
  expectTypeOf(tool({ name, parameters, execute: () => {} })).toEqualTypeOf<
    RunnableTool<Place, void>
  >();
  expectTypeOf(tool({ name, parameters, execute: async () => {} })).toEqualTypeOf<
    RunnableTool<Place, void>
  >();
  const never = tool({
    name,
    parameters,
    execute() {
      throw new Error('a test');
    },
  });
  expectTypeOf(never).toExtend<RunnableTool<Place>>();
});

test('a tool may answer at once or later', () => {
  const cached = tool({
    name: 'cached',
    parameters: zodPlace,
    execute: ({ city, days }) => (days === undefined ? Promise.resolve(1) : city),
  });
  expectTypeOf(cached).toEqualTypeOf<RunnableTool<Place, string | number>>();
});

test('a tool can be run by hand', () => {
  const weather = tool({ name: 'weather', parameters: zodPlace, execute: ({ city }) => city });

  expectTypeOf(weather.execute).parameter(0).toEqualTypeOf<Place>();
  expectTypeOf(weather.execute).parameter(1).toEqualTypeOf<ToolScope>();
  expectTypeOf(weather.execute).returns.toEqualTypeOf<string | Promise<string>>();
  const run = (scope: ToolScope): void => {
    void weather.execute({ city: 'Paris' }, scope);
    // @ts-expect-error not what the schema gives
    void weather.execute({ town: 'Paris' }, scope);
    // @ts-expect-error of the wrong kind
    void weather.execute({ city: 1 }, scope);
    // @ts-expect-error without a scope
    void weather.execute({ city: 'Paris' });
  };
  assertType(run);
  const check = async (): Promise<void> => {
    const checked = await weather.checkArguments({});
    if (checked.ok) expectTypeOf(checked.value).toEqualTypeOf<unknown>();
    else expectTypeOf(checked.issues[0]?.path).toEqualTypeOf<string | undefined>();
  };
  assertType(check);
});

test('a tool is told the signal, the call, the step and the context', () => {
  void tool({
    name: 'weather',
    parameters: zodPlace,
    execute: (_args, { signal, call, step, context }) => {
      // The web's own, so it can be handed on.
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      expectTypeOf(call).toEqualTypeOf<ChatCompletionMessageFunctionToolCall>();
      expectTypeOf(step).toEqualTypeOf<number>();
      expectTypeOf(context).toEqualTypeOf<unknown>();
    },
  });
  void tool({
    name: 'weather',
    parameters: zodPlace,
    // @ts-expect-error no such thing
    execute: (_args, { messages }) => messages,
  });
});

interface MyContext {
  user: string;
}

test('a tool may say which context it needs, and has its arguments inferred still', () => {
  const weather = tool({
    name: 'weather',
    parameters: zodPlace,
    execute: (args, { context }: ToolScope<MyContext>) => {
      expectTypeOf(args).toEqualTypeOf<Place>();
      expectTypeOf(context).toEqualTypeOf<MyContext>();
      return context.user;
    },
  });
  expectTypeOf(weather).toEqualTypeOf<RunnableTool<Place, string, MyContext>>();

  void tool({
    name: 'weather',
    parameters: valibotPair,
    async execute(args, scope: ToolScope<MyContext>) {
      expectTypeOf(args).toEqualTypeOf<Place>();
      // @ts-expect-error no such field of the context
      await scope.context.name;
    },
  });
  void runTools({ messages, tools: [weather], context: { user: 'me' } });
});

test('a run is given the context that its tools ask for', () => {
  const approve = (_call: unknown, _args: unknown, scope: ToolScope<MyContext>) =>
    scope.context.user === 'me';
  void runTools({ messages, tools: [weather, search], context: { user: 'me' }, approve });
  void runTools({ messages, tools: [search], context: { user: 'me', more: 1 } });
  void runTools({ messages, tools: [weather], context: 'whatever' });
  const typed: RunnableTool<Place, string, MyContext>[] = [search];
  void runTools({ messages, tools: typed, context: { user: 'me' } });
  // @ts-expect-error a tool asks for one
  void runTools({ messages, tools: [weather, search] });
  // @ts-expect-error a tool asks for another one
  void runTools({ messages, tools: [weather, search], context: { name: 'me' } });
  // The context is wrong, and not the tools.
  void runTools({
    messages,
    tools: [weather, search],
    // @ts-expect-error a tool asks for another one
    context: { user: 1 },
  });
  // @ts-expect-error a tool that asks for one is none that asks for nothing
  const erased: RunnableTool[] = [search];
  void erased;
});

test('tools that ask for different contexts are given one that is all of them', () => {
  const shop = tool({
    name: 'shop',
    parameters: zodPlace,
    execute: (_args, { context }: ToolScope<{ shop: number }>) => context.shop,
  });
  void runTools({ messages, tools: [search, shop], context: { user: 'me', shop: 1 } });
  void runTools({
    messages,
    tools: [search, shop],
    // @ts-expect-error one of the two is missing
    context: { user: 'me' },
  });
  const withParams = (params: RunToolsParams<MyContext> & { context: MyContext }): ToolRun =>
    runTools(params);
  void withParams({ messages, tools: [search], context: { user: 'me' } });
});

test('a wrong use of an argument or of the scope is a compile error', () => {
  const name = 'weather';
  const parameters = zodPlace;

  // @ts-expect-error no such argument
  void tool({ name, parameters, execute: ({ town }) => town });
  // @ts-expect-error may be absent
  void tool({ name, parameters, execute: ({ days }) => days.toFixed() });
  // @ts-expect-error text has no such method
  void tool({ name, parameters, execute: ({ city }) => city.toFixed() });
  // @ts-expect-error of another type than the schema gives
  void tool({ name, parameters, execute: ({ city }: { city: number }) => city });
  // @ts-expect-error `tools` alone knows no more arguments
  void tool({ name, parameters, execute: (_args, _scope, more) => more });
  // @ts-expect-error the context is not known unless the tool says what it is
  void tool({ name, parameters, execute: (_args, { context }) => context.user });
});

test('a function that needs more than the schema gives is a compile error', () => {
  void tool({
    name: 'weather',
    parameters: zodPlace,
    // @ts-expect-error `country` is not in the schema
    execute: ({ city, country }: { city: string; country: string }) => city + country,
  });
});

test('something that is not a schema with a JSON Schema is a compile error', () => {
  const name = 'weather';
  const execute = (): string => '';

  // @ts-expect-error zod/mini gives no JSON Schema by itself
  void tool({ name, parameters: miniPlace, execute });
  // @ts-expect-error Valibot gives no JSON Schema by itself
  void tool({ name, parameters: valibotPlace, execute });
  // @ts-expect-error a JSON Schema alone checks nothing
  void tool({ name, parameters: { type: 'object', properties: {} }, execute });
  // @ts-expect-error no schema at all
  void tool({ name, parameters: 'object', execute });
  // @ts-expect-error no schema at all
  void tool({ name, parameters: undefined, execute });
  // @ts-expect-error the fields of a schema, rather than one
  void tool({ name, parameters: { city: z.string() }, execute });
  // @ts-expect-error half a pair
  void tool({ name, parameters: { schema: miniPlace }, execute });
  // @ts-expect-error the other half
  void tool({ name, parameters: { jsonSchema: { type: 'object' } }, execute });
  // @ts-expect-error a JSON Schema as text
  void tool({ name, parameters: { schema: miniPlace, jsonSchema: '{}' }, execute });
  // @ts-expect-error the two halves the wrong way round
  void tool({ name, parameters: { schema: { type: 'object' }, jsonSchema: miniPlace }, execute });
});

test('a tool without a name, a schema or a function is a compile error, and so is an unknown field', () => {
  const parameters = zodPlace;
  const execute = (): string => '';

  // @ts-expect-error no name
  void tool({ parameters, execute });
  // @ts-expect-error no schema
  void tool({ name: 'weather', execute });
  // @ts-expect-error no function
  void tool({ name: 'weather', parameters });
  // @ts-expect-error no such field
  void tool({ name: 'weather', parameters, execute, descripton: 'Weather' });
  // @ts-expect-error not a truth value
  void tool({ name: 'weather', parameters, execute, strict: 'yes' });
  void tool({ name: 'weather', parameters, execute, description: undefined, strict: undefined });
});

const weather = tool({
  name: 'weather',
  parameters: zodPlace,
  execute: async ({ city }) => ({ city, degrees: 20 }),
});
const add = tool({
  name: 'add',
  parameters: type({ a: 'number', b: 'number' }),
  execute: ({ a, b }) => a + b,
});
const search = tool({
  name: 'search',
  parameters: valibotPair,
  execute: ({ city }, { context }: ToolScope<MyContext>) => `${city} ${context.user}`,
});

test('tools of different arguments and results fit one array', () => {
  const tools: RunnableTool[] = [weather, add];
  const inferred = [weather, add, search];
  const context = { user: 'me' };

  void runTools({ messages, tools });
  void runTools({ messages, tools: inferred, context });
  void runTools({ messages, tools: [weather, add, search], context });
  void runTools({ messages, tools: [weather, add, search] as const, context });
  void runTools({ messages, tools: Object.values({ weather, add }) });
  void runTools({
    messages,
    tools: [
      weather,
      tool({
        name: 'inline',
        parameters: z.object({ n: z.number() }),
        execute: ({ n }) => expectTypeOf(n).toEqualTypeOf<number>(),
      }),
      tool({
        name: 'inline_pair',
        parameters: miniPair,
        execute: ({ city }, scope: ToolScope<MyContext>) => city + scope.context.user,
      }),
    ],
    context,
  });
});

test('a tool is one of the wire', () => {
  expectTypeOf(weather).toExtend<ChatCompletionTool>();
  expectTypeOf<RunnableTool>().toExtend<ChatCompletionTool>();
  expectTypeOf<RunnableTool<Place, string>>().toExtend<RunnableTool>();
  void create({ messages, tools: [weather, add], tool_choice: 'auto' });
  void stream({ messages, tools: [weather, add] });
  void client.chat.completions.prepare({ messages, tools: [weather, search] });
});

test('runTools takes what has a function, and gives a run', () => {
  expectTypeOf(runTools({ messages, tools: [weather] })).toEqualTypeOf<ToolRun>();
  const wire: ChatCompletionTool = { type: 'function', function: { name: 'weather' } };

  // @ts-expect-error nothing to run
  void runTools({ messages, tools: [wire] });
  // @ts-expect-error without tools
  void runTools({ messages });
  // @ts-expect-error without messages
  void runTools({ tools: [weather] });
  const plain = { name: 'weather', parameters: zodPlace, execute: () => '' };
  // @ts-expect-error not made with `tool()`
  void runTools({ messages, tools: [plain] });
  // @ts-expect-error a run has no value
  void runTools({ messages, tools: [weather], response_format: zodPlace });
  // @ts-expect-error a run streams anyway
  void runTools({ messages, tools: [weather], stream: true });
  void runTools(
    {
      messages,
      tools: [weather],
      maxSteps: undefined,
      concurrency: undefined,
      onToolError: undefined,
      approve: undefined,
      stopWhen: undefined,
      context: undefined,
    },
    { signal: undefined, deadline: new Date(), onReasoningExhausted: 'lower' },
  );
});

test('the callbacks of a run know what they are given', () => {
  void runTools({
    messages,
    tools: [weather],
    approve: (call, args) => {
      expectTypeOf(call).toEqualTypeOf<ChatCompletionMessageFunctionToolCall>();
      expectTypeOf(args).toEqualTypeOf<unknown>();
      return { approved: false, reason: 'no' };
    },
    stopWhen: async (step, steps) => {
      expectTypeOf(step).toEqualTypeOf<ToolRunStep>();
      expectTypeOf(steps).toEqualTypeOf<readonly ToolRunStep[]>();
      return true;
    },
  });
  void runTools({ messages, tools: [weather], approve: async () => true, stopWhen: () => false });
  // @ts-expect-error neither leave nor a reason
  void runTools({ messages, tools: [weather], approve: () => 'yes' });
  // @ts-expect-error not a truth value
  void runTools({ messages, tools: [weather], stopWhen: () => 1 });
  // @ts-expect-error no such word
  void runTools({ messages, tools: [weather], onToolError: 'ignore' });
});

test('a run gives events, and an end that can be sent on', () => {
  expectTypeOf<ToolRun['events']>().returns.toEqualTypeOf<
    AsyncIterableIterator<ToolRunEvent, undefined>
  >();
  expectTypeOf<ToolRun['final']>().returns.resolves.toEqualTypeOf<ToolRunResult>();
  expectTypeOf<ToolRunResult['completion']>().toEqualTypeOf<ChatCompletionWithReport>();
  expectTypeOf<ToolRunResult['messages']>().toEqualTypeOf<ChatCompletionMessageParam[]>();
  expectTypeOf<ToolRunResult['cost']>().toEqualTypeOf<Cost | undefined>();
  expectTypeOf<ChatStreamEvent>().toExtend<ToolRunEvent>();
  // A handle: whoever awaits it by mistake is told.
  expectTypeOf<ToolRun>().not.toHaveProperty('then');

  const read = async (run: ToolRun): Promise<void> => {
    for await (const event of run.events()) {
      if (event.type === 'content.delta') expectTypeOf(event.delta).toEqualTypeOf<string>();
      if (event.type === 'step.start') expectTypeOf(event.step).toEqualTypeOf<number>();
      if (event.type === 'step.done') expectTypeOf(event.step).toEqualTypeOf<ToolRunStep>();
      if (event.type === 'tool.start') {
        expectTypeOf(event.tool_call).toEqualTypeOf<ChatCompletionMessageFunctionToolCall>();
        expectTypeOf(event.args).toEqualTypeOf<unknown>();
      }
      if (event.type === 'tool.result') {
        expectTypeOf(event.result.content).toEqualTypeOf<string>();
        expectTypeOf(event.result.failure).toEqualTypeOf<
          | 'unknown_tool'
          | 'invalid_arguments'
          | 'not_approved'
          | 'tool_error'
          | 'not_run'
          | 'interrupted'
          | 'needs_approval'
          | undefined
        >();
      }
    }
    const end = await run.final();
    void create({ messages: [...end.messages, { role: 'user', content: 'Go on' }] });
  };
  assertType(read);
});

// ---------------------------------------------------------------------------------------------- parse

test('parse gives the value of the schema, whichever library it is of', () => {
  const byZod = parse({ messages, response_format: zodPlace });
  const byMini = parse({ messages, response_format: miniPair });
  const byValibot = parse({ messages, response_format: valibotPair });
  const byConverter = parse({ messages, response_format: toStandardJsonSchema(valibotPlace) });
  const byArk = parse({ messages, response_format: arkPlace });

  expectTypeOf<ParsedBy<typeof byZod>>().toEqualTypeOf<Place>();
  expectTypeOf<ParsedBy<typeof byMini>>().toEqualTypeOf<Place>();
  expectTypeOf<ParsedBy<typeof byValibot>>().toEqualTypeOf<Place>();
  expectTypeOf<ParsedBy<typeof byConverter>>().toEqualTypeOf<Place>();
  expectTypeOf<ParsedBy<typeof byArk>>().toEqualTypeOf<Place>();
});

test('a pair that is written in place gives its value too', () => {
  const written = parse({
    messages,
    response_format: {
      schema: miniPlace,
      jsonSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      name: 'place',
    },
  });
  expectTypeOf<ParsedBy<typeof written>>().toEqualTypeOf<Place>();
});

test('transforms, defaults, optionals and unions are as the schema gives them', () => {
  const changed = parse({ messages, response_format: changing });
  expectTypeOf<ParsedBy<typeof changed>>().toEqualTypeOf<Changed>();

  const ark = parse({
    messages,
    response_format: type({
      n: 'string.numeric.parse',
      size: 'number = 1',
      kind: "'a' | 'b'",
      'rest?': 'string[]',
    }),
  });
  expectTypeOf<ParsedBy<typeof ark>>().toEqualTypeOf<{
    n: number;
    size: number;
    kind: 'a' | 'b';
    rest?: string[];
  }>();

  const union = parse({
    messages,
    response_format: z.discriminatedUnion('type', [
      z.object({ type: z.literal('a'), a: z.string() }),
      z.object({ type: z.literal('b'), b: z.number().default(1) }),
    ]),
  });
  expectTypeOf<ParsedBy<typeof union>>().toEqualTypeOf<
    { type: 'a'; a: string } | { type: 'b'; b: number }
  >();

  const whole = parse({
    messages,
    response_format: zodPlace.transform(({ city }) => city.length),
  });
  expectTypeOf<ParsedBy<typeof whole>>().toEqualTypeOf<number>();
});

test('only the first answer has a value', () => {
  const completion = parse({ messages, response_format: zodPlace });

  expectTypeOf(completion).resolves.toEqualTypeOf<ParsedChatCompletionWithReport<Place>>();
  expectTypeOf<ParsedChatCompletionWithReport<Place>['report']>().toEqualTypeOf<Report>();
  const read = ({ choices }: ParsedChatCompletion<Place>, index: number) => choices[index];
  expectTypeOf(read).returns.toExtend<Choice | undefined>();
  expectTypeOf<Choice['message']>().not.toHaveProperty('parsed');
});

test('a schema that is known only by its type gives that type', () => {
  const byType = (schema: z.ZodType<Place>) => parse({ messages, response_format: schema });
  const byOutput = (schema: OutputSchema<Place>) => parse({ messages, response_format: schema });
  const byPair = (schema: SchemaPair<Place>) => parse({ messages, response_format: schema });
  const unknown = (schema: OutputSchema) => parse({ messages, response_format: schema });

  expectTypeOf<ParsedBy<ReturnType<typeof byType>>>().toEqualTypeOf<Place>();
  expectTypeOf<ParsedBy<ReturnType<typeof byOutput>>>().toEqualTypeOf<Place>();
  expectTypeOf<ParsedBy<ReturnType<typeof byPair>>>().toEqualTypeOf<Place>();
  expectTypeOf<ParsedBy<ReturnType<typeof unknown>>>().toEqualTypeOf<unknown>();
});

test('a function of yours can be generic in the schema', () => {
  async function extract<Schema extends OutputSchema>(schema: Schema) {
    const completion = await parse({ messages, response_format: schema });
    return completion.choices[0].message.parsed;
  }
  const wrap = <Schema extends OutputSchema>(parameters: Schema) =>
    tool({ name: 'wrapped', parameters, execute: (args) => args });
  const follow = <Schema extends OutputSchema>(schema: Schema) =>
    stream({ messages, response_format: schema });

  expectTypeOf(extract(zodPlace)).resolves.toEqualTypeOf<Place>();
  expectTypeOf(extract(miniPair)).resolves.toEqualTypeOf<Place>();
  expectTypeOf(wrap(arkPlace)).toEqualTypeOf<RunnableTool<Place, Place>>();
  expectTypeOf(follow(valibotPair)).toEqualTypeOf<ChatStream<Place>>();
});

test('InferOutput is what its library says', () => {
  expectTypeOf<InferOutput<typeof changing>>().toEqualTypeOf<z.output<typeof changing>>();
  expectTypeOf<InferOutput<typeof miniPair>>().toEqualTypeOf<mini.output<typeof miniPlace>>();
  expectTypeOf<InferOutput<typeof valibotPair>>().toEqualTypeOf<
    v.InferOutput<typeof valibotPlace>
  >();
  expectTypeOf<InferOutput<typeof arkPlace>>().toEqualTypeOf<typeof arkPlace.infer>();
  expectTypeOf<InferOutput<string>>().toBeNever();
});

test('parse refuses what is no schema, and what a schema rules out', () => {
  // @ts-expect-error zod/mini gives no JSON Schema by itself
  void parse({ messages, response_format: miniPlace });
  // @ts-expect-error Valibot gives no JSON Schema by itself
  void parse({ messages, response_format: valibotPlace });
  // @ts-expect-error a JSON Schema alone checks nothing
  void parse({ messages, response_format: { type: 'object', properties: {} } });
  // @ts-expect-error the wire's own form checks nothing
  void parse({ messages, response_format: { type: 'json_object' } });
  // @ts-expect-error no schema at all
  void parse({ messages, response_format: 'json' });
  // @ts-expect-error no schema at all
  void parse({ messages });
  // @ts-expect-error tools are for `runTools`
  void parse({ messages, response_format: zodPlace, tools: [weather] });
  // @ts-expect-error streams are for `stream`
  void parse({ messages, response_format: zodPlace, stream: true });
  // @ts-expect-error `create` checks no values
  void create({ messages, response_format: zodPlace });
  // @ts-expect-error `create` checks no values
  void create({ messages, response_format: miniPair, stream: true });
});

test('what was parsed fits into the next request as it is', () => {
  expectTypeOf<ParsedMessage<Place>>().toExtend<ChatCompletionMessageParam>();
  expectTypeOf<ParsedMessage<Changed>>().toExtend<ChatCompletionAssistantMessageParam>();
  expectTypeOf<ParsedChatCompletionWithReport<Place>>().toExtend<ChatCompletionWithReport>();
  const next = async (): Promise<void> => {
    const { choices } = await parse({ messages, response_format: changing });
    messages.push(choices[0].message);
    void create({
      messages: [...messages, choices[0].message, { role: 'user', content: 'Go on' }],
    });
  };
  assertType(next);
});

// --------------------------------------------------------------------------------------------- stream

test('stream with a schema gives a stream of that value', () => {
  expectTypeOf(stream({ messages, response_format: zodPlace })).toEqualTypeOf<ChatStream<Place>>();
  expectTypeOf(stream({ messages, response_format: miniPair })).toEqualTypeOf<ChatStream<Place>>();
  expectTypeOf(stream({ messages, response_format: valibotPair })).toEqualTypeOf<
    ChatStream<Place>
  >();
  expectTypeOf(
    stream({ messages, response_format: toStandardJsonSchema(valibotPlace) }),
  ).toEqualTypeOf<ChatStream<Place>>();
  expectTypeOf(stream({ messages, response_format: arkPlace })).toEqualTypeOf<ChatStream<Place>>();
  expectTypeOf(stream({ messages, response_format: zodPlace, stream: true })).toEqualTypeOf<
    ChatStream<Place>
  >();
});

test('stream without a schema gives a plain stream', () => {
  expectTypeOf(stream({ messages })).toEqualTypeOf<ChatStream>();
  expectTypeOf(stream({ messages, stream: true })).toEqualTypeOf<ChatStream>();
  expectTypeOf(stream({ messages, response_format: undefined })).toEqualTypeOf<ChatStream>();
  expectTypeOf(stream({ messages, response_format: null })).toEqualTypeOf<ChatStream>();
  expectTypeOf(
    stream({ messages, response_format: { type: 'json_object' } }),
  ).toEqualTypeOf<ChatStream>();
  expectTypeOf(
    stream({
      messages,
      response_format: { type: 'json_schema', schema: { type: 'object' } },
      tools: [weather],
    }),
  ).toEqualTypeOf<ChatStream>();
  expectTypeOf(
    stream({ messages, response_format: { type: 'json_schema', json_schema: { name: 'place' } } }),
  ).toEqualTypeOf<ChatStream>();
});

test('stream refuses what is neither a schema nor a form of the wire', () => {
  // @ts-expect-error zod/mini gives no JSON Schema by itself
  void stream({ messages, response_format: miniPlace });
  // @ts-expect-error Valibot gives no JSON Schema by itself
  void stream({ messages, response_format: valibotPlace });
  // @ts-expect-error a JSON Schema alone checks nothing
  void stream({ messages, response_format: { type: 'object', properties: {} } });
  // @ts-expect-error no schema at all
  void stream({ messages, response_format: 'json' });
  // @ts-expect-error tools have no place beside a schema
  void stream({ messages, response_format: zodPlace, tools: [weather] });
});

test('the end of a stream with a schema has its value', () => {
  const typed = stream({ messages, response_format: changing });

  expectTypeOf(typed.finalCompletion()).resolves.toEqualTypeOf<
    ParsedChatCompletionWithReport<Changed>
  >();
  expectTypeOf<ParsedBy<ReturnType<typeof typed.finalCompletion>>>().toEqualTypeOf<Changed>();
  expectTypeOf(typed.opened()).resolves.toEqualTypeOf(typed);
  expectTypeOf(
    stream({ messages }).finalCompletion(),
  ).resolves.toEqualTypeOf<ChatCompletionWithReport>();
  expectTypeOf<FinalCompletion<unknown>>().toEqualTypeOf<ChatCompletionWithReport>();
  expectTypeOf<FinalCompletion<Place>>().toEqualTypeOf<ParsedChatCompletionWithReport<Place>>();
});

test('a stream with a value is a stream', () => {
  expectTypeOf<ChatStream<Place>>().toExtend<ChatStream>();
  expectTypeOf<ChatStream<Changed>>().toExtend<ChatStream>();
  expectTypeOf<ChatStream<{ n: number } | { text: string }>>().toExtend<ChatStream>();
  const print = (given: ChatStream): AsyncIterable<string> => given.text();
  void print(stream({ messages, response_format: zodPlace }));
  void print(stream({ messages, response_format: changing }));
  // A value more is a value less precisely known, and not the other way round.
  expectTypeOf<ChatStream<{ city: string }>>().toExtend<ChatStream<{ city: unknown }>>();
  expectTypeOf<ChatStream>().not.toExtend<ChatStream<Place>>();
  expectTypeOf<ChatStream<{ city: number }>>().not.toExtend<ChatStream<Place>>();
});

test('partialObject gives what may have come so far', () => {
  const nested = stream({
    messages,
    response_format: z.object({
      title: z.string(),
      done: z.boolean().nullable(),
      people: z.array(z.object({ name: z.string(), tags: z.array(z.string()) })),
      home: z.object({ street: z.object({ name: z.string(), number: z.number() }) }),
    }),
  });

  expectTypeOf<Growing<typeof nested>>().toEqualTypeOf<{
    title?: string | undefined;
    done?: boolean | null | undefined;
    people?: { name?: string | undefined; tags?: string[] | undefined }[] | undefined;
    home?:
      | {
          street?: { name?: string | undefined; number?: number | undefined } | undefined;
        }
      | undefined;
  }>();
  const read = async (): Promise<void> => {
    for await (const { people, home } of nested.partialObject()) {
      expectTypeOf(people?.[0]?.name).toEqualTypeOf<string | undefined>();
      expectTypeOf(home?.street?.number).toEqualTypeOf<number | undefined>();
      // @ts-expect-error need not have come yet
      void home.street;
    }
  };
  assertType(read);
});

test('DeepPartial keeps leaves, unions, records and words', () => {
  expectTypeOf<DeepPartial<string | number | boolean | null>>().toEqualTypeOf<
    string | number | boolean | null
  >();
  expectTypeOf<DeepPartial<{ kind: 'a' | 'b' }>>().toEqualTypeOf<{
    kind?: 'a' | 'b' | undefined;
  }>();
  expectTypeOf<DeepPartial<{ type: 'a'; a: string } | { type: 'b'; b: number }>>().toEqualTypeOf<
    | { type?: 'a' | undefined; a?: string | undefined }
    | { type?: 'b' | undefined; b?: number | undefined }
  >();
  expectTypeOf<DeepPartial<{ x: string | { y: number } }>>().toEqualTypeOf<{
    x?: string | { y?: number | undefined } | undefined;
  }>();
  expectTypeOf<DeepPartial<Record<string, number>>>().toEqualTypeOf<
    Partial<Record<string, number | undefined>>
  >();
  // As far as they have come, tuples are short.
  expectTypeOf<DeepPartial<[string, number]>>().toEqualTypeOf<
    [(string | undefined)?, (number | undefined)?]
  >();
  expectTypeOf<DeepPartial<readonly string[]>>().toEqualTypeOf<string[]>();
  expectTypeOf<DeepPartial<unknown>>().toEqualTypeOf<unknown>();
  expectTypeOf<DeepPartial<{ x: unknown }>>().toEqualTypeOf<{ x?: unknown }>();
});

test('DeepPartial leaves alone what is no part of JSON', () => {
  type Id = string & { readonly brand: 'Id' };

  expectTypeOf<DeepPartial<{ id: Id }>>().toEqualTypeOf<{ id?: Id | undefined }>();
  expectTypeOf<DeepPartial<{ at: Date }>>().toEqualTypeOf<{ at?: Date | undefined }>();
});

test('what grows is what the model writes, before the schema has changed it', () => {
  const typed = stream({
    messages,
    response_format: z.object({
      id: z.string().transform(Number),
      at: z.string().transform((text) => new Date(text)),
      key: z.string().brand('Key'),
      lang: z.string().default('en'),
    }),
  });

  expectTypeOf<Growing<typeof typed>>().toEqualTypeOf<{
    id?: string | undefined;
    at?: string | undefined;
    key?: string | undefined;
    lang?: string | undefined;
  }>();
});

// ------------------------------------------------------------------------------------- unknown fields

test('a field that is not known is a compile error in every call', () => {
  // @ts-expect-error no such field
  void parse({ messages, response_format: zodPlace, temprature: 1 });
  // @ts-expect-error no such field
  void parse({ messages, response_format: miniPair, temprature: 1 });
  // @ts-expect-error no such field
  void stream({ messages, response_format: zodPlace, temprature: 1 });
  // @ts-expect-error no such field
  void stream({ messages, response_format: arkPlace, temprature: 1 });
  // @ts-expect-error no such field
  void runTools({ messages, tools: [weather], temprature: 1 });
  // @ts-expect-error no such field
  void runTools({ messages, tools: [weather], max_steps: 1 });
  // @ts-expect-error no such field
  void client.completions.create({ prompt: 'a', sufix: 'b' });
  // @ts-expect-error no such field
  void client.completions.create({ prompt: 'a', stream: true, sufix: 'b' });
  // @ts-expect-error not for filling gaps
  void client.completions.create({ prompt: 'a', thinking: { type: 'enabled' } });
  // @ts-expect-error no such option
  void parse({ messages, response_format: zodPlace }, { maxRepair: 1 });
  // @ts-expect-error repairs are for `parse`
  void stream({ messages, response_format: zodPlace }, { maxRepairs: 1 });
  // @ts-expect-error repairs are for `parse`
  void create({ messages }, { maxRepairs: 1 });
  // @ts-expect-error no such option
  void runTools({ messages, tools: [weather] }, { maxSteps: 1 });
  // @ts-expect-error no such option
  void client.completions.create({ prompt: 'a' }, { retries: 1 });
  void parse({ messages, response_format: zodPlace }, { maxRepairs: 0, maxRetries: undefined });
});

test('a field of the wrong kind is a compile error in every call', () => {
  // @ts-expect-error no such effort
  void parse({ messages, response_format: zodPlace, reasoning_effort: 'hard' });
  // @ts-expect-error no such effort
  void stream({ messages, response_format: zodPlace, reasoning_effort: 'hard' });
  // @ts-expect-error no such effort
  void runTools({ messages, tools: [weather], reasoning_effort: 'hard' });
  // @ts-expect-error no text
  void client.completions.create({ prompt: 1 });
  // @ts-expect-error no prompt
  void client.completions.create({ suffix: 'b' });
});

// --------------------------------------------------------------------------------------------- depth

const leaf = z.object({ n: z.number(), text: z.string().optional() });
const under = <Schema extends z.ZodType>(below: Schema) => z.object({ below, n: z.number() });
const listOf = <Schema extends z.ZodType>(below: Schema) =>
  z.object({ below: z.array(below), text: z.string().default('') });
const either = <Schema extends z.ZodType>(below: Schema) =>
  z.object({ below: z.union([z.string(), below, z.null()]) });
const kinds = <Schema extends z.ZodType>(below: Schema) =>
  z.object({
    below: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a'), below }),
      z.object({ kind: z.literal('b'), below: z.array(below).optional() }),
      z.object({ kind: z.literal('c'), n: z.number() }),
    ]),
  });

const deepObjects = under(
  under(under(under(under(under(under(under(under(under(under(leaf)))))))))),
);
const deepLists = listOf(
  listOf(listOf(listOf(listOf(listOf(listOf(listOf(listOf(listOf(leaf))))))))),
);
const deepUnions = either(
  either(either(either(either(either(either(either(either(either(leaf))))))))),
);
const deepKinds = kinds(kinds(kinds(kinds(kinds(kinds(kinds(kinds(kinds(kinds(leaf))))))))));
const deepMixed = under(
  listOf(either(kinds(under(listOf(either(kinds(under(listOf(either(kinds(leaf))))))))))),
);

const writtenOut = z.object({
  a: z.object({
    b: z.array(
      z.object({
        c: z.object({
          d: z.union([
            z.string(),
            z.object({
              e: z.record(
                z.string(),
                z.object({
                  f: z.tuple([
                    z.object({
                      g: z.discriminatedUnion('kind', [
                        z.object({ kind: z.literal('end') }),
                        z.object({
                          kind: z.literal('more'),
                          h: z.object({ i: z.object({ j: z.number().transform(String) }) }),
                        }),
                      ]),
                    }),
                  ]),
                }),
              ),
            }),
          ]),
        }),
      }),
    ),
  }),
});

test('schemas of ten levels and more are not too deep', () => {
  void tool({
    name: 'deep',
    parameters: deepObjects,
    execute: ({ below }) => {
      const { n } = below.below.below.below.below.below.below.below.below.below.below;
      expectTypeOf(n).toEqualTypeOf<number>();
    },
  });
  void tool({
    name: 'deep',
    parameters: deepLists,
    execute: ({ below }) =>
      expectTypeOf(below[0]?.below[0]?.below[0]?.below[0]?.below[0]?.text).toEqualTypeOf<
        string | undefined
      >(),
  });
  void tool({
    name: 'deep',
    parameters: deepUnions,
    execute: ({ below }) => {
      if (typeof below === 'object') expectTypeOf(below?.below).toExtend<unknown>();
    },
  });
  void tool({
    name: 'deep',
    parameters: deepKinds,
    execute: ({ below }) => {
      if (below.kind === 'a' && below.below.below.kind === 'c')
        expectTypeOf(below.below.below.n).toEqualTypeOf<number>();
    },
  });
  void tool({ name: 'deep', parameters: deepMixed, execute: (args) => args });
  void runTools({
    messages,
    tools: [
      tool({ name: 'a', parameters: deepMixed, execute: (args) => args }),
      tool({ name: 'b', parameters: deepKinds, execute: (args) => args }),
      tool({ name: 'c', parameters: writtenOut, execute: (args) => args }),
    ],
  });
});

test('values of ten levels and more are known to the last', () => {
  const objects = parse({ messages, response_format: deepObjects });
  const lists = parse({ messages, response_format: deepLists });
  const unions = parse({ messages, response_format: deepUnions });
  const discriminated = parse({ messages, response_format: deepKinds });
  const mixed = parse({ messages, response_format: deepMixed });
  const written = parse({ messages, response_format: writtenOut });

  expectTypeOf<ParsedBy<typeof objects>>().toEqualTypeOf<z.output<typeof deepObjects>>();
  expectTypeOf<ParsedBy<typeof lists>>().toEqualTypeOf<z.output<typeof deepLists>>();
  expectTypeOf<ParsedBy<typeof unions>>().toEqualTypeOf<z.output<typeof deepUnions>>();
  expectTypeOf<ParsedBy<typeof discriminated>>().toEqualTypeOf<z.output<typeof deepKinds>>();
  expectTypeOf<ParsedBy<typeof mixed>>().toEqualTypeOf<z.output<typeof deepMixed>>();
  type D = ParsedBy<typeof written>['a']['b'][number]['c']['d'];
  type G = Exclude<D, string>['e'][string]['f'][0]['g'];
  expectTypeOf<Extract<G, { kind: 'more' }>['h']['i']['j']>().toEqualTypeOf<string>();
});

test('values of ten levels and more grow', () => {
  const objects = stream({ messages, response_format: deepObjects });
  const lists = stream({ messages, response_format: deepLists });
  const unions = stream({ messages, response_format: deepUnions });
  const discriminated = stream({ messages, response_format: deepKinds });
  const mixed = stream({ messages, response_format: deepMixed });
  const written = stream({ messages, response_format: writtenOut });
  const plain: ChatStream[] = [objects, lists, unions, discriminated, mixed, written];

  assertType<ChatStream[]>(plain);
  const read = (grown: Growing<typeof objects>) =>
    grown.below?.below?.below?.below?.below?.below?.below?.below?.below?.below?.below?.n;
  expectTypeOf(read).returns.toEqualTypeOf<number | undefined>();
  const readLists = (grown: Growing<typeof lists>) =>
    grown.below?.[0]?.below?.[0]?.below?.[0]?.below?.[0]?.below?.[0]?.below?.[0]?.below?.[0]
      ?.below?.[0]?.below?.[0]?.below?.[0]?.n;
  expectTypeOf(readLists).returns.toEqualTypeOf<number | undefined>();
  expectTypeOf<Growing<typeof mixed>>().not.toBeAny();
  expectTypeOf<Growing<typeof discriminated>>().not.toBeAny();
});

interface Comment {
  by: string;
  replies: Comment[];
  parent?: Comment | undefined;
}

const recursive = z.object({
  by: z.string(),
  get replies() {
    return z.array(recursive);
  },
  get parent() {
    return z.optional(recursive);
  },
});

test('a schema that holds itself has no bottom, and is not too deep', () => {
  const comment = tool({ name: 'comment', parameters: recursive, execute: ({ by }) => by });
  const parsed = parse({ messages, response_format: recursive });
  const streamed = stream({ messages, response_format: recursive });

  expectTypeOf(comment.execute).parameter(0).toExtend<Comment>();
  expectTypeOf<ParsedBy<typeof parsed>>().toExtend<Comment>();
  expectTypeOf<Comment>().toExtend<ParsedBy<typeof parsed>>();
  expectTypeOf(streamed).toExtend<ChatStream>();
  const read = (grown: Growing<typeof streamed>) =>
    grown.replies?.[0]?.replies?.[0]?.parent?.replies?.[0]?.by;
  expectTypeOf(read).returns.toEqualTypeOf<string | undefined>();
  void runTools({ messages, tools: [comment, weather] });

  const ark = type.module({
    comment: { by: 'string', replies: 'comment[]' },
  }).comment;
  const byArk = parse({ messages, response_format: ark });
  expectTypeOf<ParsedBy<typeof byArk>['replies'][0]['replies'][0]['by']>().toEqualTypeOf<string>();

  const lazy: v.GenericSchema<Comment> = v.object({
    by: v.string(),
    replies: v.array(v.lazy(() => lazy)),
    parent: v.optional(v.lazy(() => lazy)),
  });
  const byValibot = parse({ messages, response_format: { schema: lazy, jsonSchema: {} } });
  expectTypeOf<ParsedBy<typeof byValibot>>().toEqualTypeOf<Comment>();
});

const ten = z.object({
  a: z.string(),
  b: z.number().optional(),
  c: z.boolean().default(true),
  d: z.string().nullable(),
  e: z.array(z.string()),
  f: z.enum(['x', 'y', 'z']),
  g: z.string().transform(Number),
  h: z.object({ i: z.number() }),
  j: z.union([z.string(), z.number()]),
  k: z.iso.date(),
});

const wide = z.object({
  a0: z.string(),
  b0: z.number().optional(),
  c0: z.boolean().default(true),
  d0: z.string().nullable(),
  e0: z.array(z.string()),
  f0: z.enum(['x', 'y', 'z']),
  g0: z.string().transform(Number),
  h0: ten,
  a1: z.string(),
  b1: z.number().optional(),
  c1: z.boolean().default(true),
  d1: z.string().nullable(),
  e1: z.array(z.string()),
  f1: z.enum(['x', 'y', 'z']),
  g1: z.string().transform(Number),
  h1: ten,
  a2: z.string(),
  b2: z.number().optional(),
  c2: z.boolean().default(true),
  d2: z.string().nullable(),
  e2: z.array(z.string()),
  f2: z.enum(['x', 'y', 'z']),
  g2: z.string().transform(Number),
  h2: ten,
  a3: z.string(),
  b3: z.number().optional(),
  c3: z.boolean().default(true),
  d3: z.string().nullable(),
  e3: z.array(z.string()),
  f3: z.enum(['x', 'y', 'z']),
  g3: z.string().transform(Number),
  h3: ten,
  a4: z.string(),
  b4: z.number().optional(),
  c4: z.boolean().default(true),
  d4: z.string().nullable(),
  e4: z.array(z.string()),
  f4: z.enum(['x', 'y', 'z']),
  g4: z.string().transform(Number),
  h4: ten,
  a5: z.string(),
  b5: z.number().optional(),
  c5: z.boolean().default(true),
  d5: z.string().nullable(),
  e5: z.array(z.string()),
  f5: z.enum(['x', 'y', 'z']),
  g5: z.string().transform(Number),
  h5: ten,
  a6: z.string(),
  b6: z.number().optional(),
  c6: z.boolean().default(true),
  d6: z.string().nullable(),
  e6: z.array(z.string()),
  f6: z.enum(['x', 'y', 'z']),
  g6: z.string().transform(Number),
  h6: ten,
  a7: z.string(),
  b7: z.number().optional(),
  c7: z.boolean().default(true),
  d7: z.string().nullable(),
});

test('a schema of sixty fields is not too wide', () => {
  const parsed = parse({ messages, response_format: wide });
  const streamed = stream({ messages, response_format: wide });

  void tool({
    name: 'wide',
    parameters: wide,
    execute: ({ a7, g6, h6 }) => {
      expectTypeOf(a7).toEqualTypeOf<string>();
      expectTypeOf(g6).toEqualTypeOf<number>();
      expectTypeOf(h6.h.i).toEqualTypeOf<number>();
    },
  });
  expectTypeOf<ParsedBy<typeof parsed>>().toEqualTypeOf<z.output<typeof wide>>();
  expectTypeOf<Growing<typeof streamed>['d7']>().toEqualTypeOf<string | null | undefined>();
  expectTypeOf(streamed).toExtend<ChatStream>();
});

// ------------------------------------------------------------------------------- completions, clients

test('completions.create gives a whole answer or a stream', () => {
  const fill = client.completions.create;

  expectTypeOf(fill({ prompt: 'a', suffix: 'b' })).resolves.toEqualTypeOf<CompletionWithReport>();
  expectTypeOf(fill({ prompt: 'a', stream: false })).resolves.toEqualTypeOf<CompletionWithReport>();
  expectTypeOf(fill({ prompt: 'a', stream: null })).resolves.toEqualTypeOf<CompletionWithReport>();
  expectTypeOf(
    fill({ prompt: 'a', stream: undefined }),
  ).resolves.toEqualTypeOf<CompletionWithReport>();
  expectTypeOf(fill({ prompt: 'a', stream: true })).resolves.toEqualTypeOf<CompletionStream>();
  expectTypeOf<
    CompletionStream['finalCompletion']
  >().returns.resolves.toEqualTypeOf<CompletionWithReport>();
  const read = async ({ choices }: CompletionWithReport): Promise<void> => {
    expectTypeOf(choices[0]?.text).toEqualTypeOf<string | undefined>();
  };
  assertType(read);
});

test('completions.create takes a switch that is known only at run time, as chat does', () => {
  type Either = CompletionStream | CompletionWithReport;
  const fill = client.completions.create;

  expectTypeOf(fill({ prompt: 'a' } as CompletionCreateParams)).resolves.toEqualTypeOf<Either>();
  expectTypeOf(fill({ prompt: 'a', stream: Math.random() > 0.5 })).resolves.toEqualTypeOf<Either>();
});

interface LocalOptions {
  min_p?: number | undefined;
}
const options = {} as StandardSchemaV1<LocalOptions>;
const local = defineProvider({ id: 'local', baseURL: 'https://local.example/v1', options });

test('a client with other options, or of another vendor of the six, has all of it', () => {
  const other = client.withOptions({ provider: 'vtrix', maxRetries: 0 });
  const { completions } = other.chat;
  const parsed = completions.parse({ messages, response_format: changing });

  expectTypeOf(other).toEqualTypeOf(client);
  expectTypeOf(client.withOptions({ timeout: 1 })).toEqualTypeOf(client);
  expectTypeOf<ParsedBy<typeof parsed>>().toEqualTypeOf<Changed>();
  expectTypeOf(completions.stream({ messages, response_format: miniPair })).toEqualTypeOf<
    ChatStream<Place>
  >();
  expectTypeOf(completions.runTools({ messages, tools: [weather, add] })).toEqualTypeOf<ToolRun>();
  expectTypeOf(
    other.completions.create({ prompt: 'a' }),
  ).resolves.toEqualTypeOf<CompletionWithReport>();
});

test('a client of a vendor of your own has all of it, with the options of that vendor', () => {
  const own = createClient({ provider: local });
  const { completions } = own.chat;
  const parsed = completions.parse({ messages, response_format: changing });

  expectTypeOf(client.withOptions({ provider: local })).toEqualTypeOf(own);
  expectTypeOf(own.withOptions({ timeout: 1 })).toEqualTypeOf(own);
  expectTypeOf<ParsedBy<typeof parsed>>().toEqualTypeOf<Changed>();
  expectTypeOf(completions.stream({ messages, response_format: miniPair })).toEqualTypeOf<
    ChatStream<Place>
  >();
  expectTypeOf(completions.stream({ messages })).toEqualTypeOf<ChatStream>();
  expectTypeOf(completions.runTools({ messages, tools: [weather, add] })).toEqualTypeOf<ToolRun>();
  expectTypeOf(
    own.completions.create({ prompt: 'a' }),
  ).resolves.toEqualTypeOf<CompletionWithReport>();

  const good = { providerOptions: { local: { min_p: 0.1 }, aimlapi: { top_k: 1 } } };
  const bad = { providerOptions: { local: { min_p: 'a little' } } };
  const valued = { messages, response_format: arkPlace };
  void completions.parse(valued, good);
  void completions.stream(valued, good);
  void completions.runTools({ messages, tools: [weather] }, good);
  void own.completions.create({ prompt: 'a', stream: true }, good);
  // @ts-expect-error of the wrong kind
  void completions.parse(valued, bad);
  // @ts-expect-error of the wrong kind
  void completions.stream(valued, bad);
  // @ts-expect-error of the wrong kind
  void completions.runTools({ messages, tools: [weather] }, bad);
  // @ts-expect-error of the wrong kind
  void own.completions.create({ prompt: 'a' }, bad);
  // @ts-expect-error no such field in the schema
  void completions.parse(valued, { providerOptions: { local: { max_p: 0.1 } } });
});
