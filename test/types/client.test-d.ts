import { assertType, expectTypeOf, test } from 'vitest';
import { createClient, defineProvider, isChatError } from 'deepseek-v4-flash';
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionChunk,
  ChatCompletionCreateParams,
  ChatCompletionMessage,
  ChatCompletionMessageParam,
  ChatCompletionWithReport,
  ChatErrorCode,
  ChatStream,
  Choice,
  Report,
  StandardSchemaV1,
} from 'deepseek-v4-flash';

const client = createClient();
const { create } = client.chat.completions;
const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }];

test('stream: true gives a stream', () => {
  expectTypeOf(create({ messages, stream: true })).resolves.toEqualTypeOf<ChatStream>();
});

test('without stream, or with false, null or undefined, create gives a completion', () => {
  type Whole = ChatCompletionWithReport;

  expectTypeOf(create({ messages })).resolves.toEqualTypeOf<Whole>();
  expectTypeOf(create({ messages, stream: false })).resolves.toEqualTypeOf<Whole>();
  expectTypeOf(create({ messages, stream: null })).resolves.toEqualTypeOf<Whole>();
  expectTypeOf(create({ messages, stream: undefined })).resolves.toEqualTypeOf<Whole>();
});

test('a switch that is known only at run time gives either', () => {
  type Either = ChatStream | ChatCompletionWithReport;
  const stream = Math.random() > 0.5;

  expectTypeOf(create({ messages, stream })).resolves.toEqualTypeOf<Either>();
  expectTypeOf(create({ messages } as ChatCompletionCreateParams)).resolves.toEqualTypeOf<Either>();
});

test('stream() gives a stream at once', () => {
  expectTypeOf(client.chat.completions.stream({ messages })).toEqualTypeOf<ChatStream>();
});

test('finalCompletion gives what create gives', () => {
  expectTypeOf<ChatStream['finalCompletion']>().returns.resolves.toEqualTypeOf<
    Awaited<ReturnType<typeof whole>>
  >();
});

function whole() {
  return create({ messages });
}

test('where the web has types of its own, the stream gives those', () => {
  expectTypeOf<ReturnType<ChatStream['toResponse']>>().toEqualTypeOf<Response>();
  // One of text or of nothing in particular could not be handed to a `Response`.
  expectTypeOf<ReturnType<ChatStream['toSSEStream']>>().toExtend<ReadableStream<Uint8Array>>();
});

test('a field that is not known is a compile error, in every form of the call', () => {
  // @ts-expect-error no such field
  void create({ messages, temprature: 1 });
  // @ts-expect-error no such field
  void create({ messages, stream: true, temprature: 1 });
  // @ts-expect-error no such field
  void create({ messages, stream: Math.random() > 0.5, temprature: 1 });
  // @ts-expect-error no such field
  void client.chat.completions.stream({ messages, temprature: 1 });
  // @ts-expect-error no such field of a message
  void create({ messages: [{ role: 'user', content: 'Hi', text: 'Hi' }] });
  // @ts-expect-error no such field of a part
  void create({ messages, thinking: { type: 'enabled', budget_tokens: 1 } });
  // @ts-expect-error no such option
  void create({ messages }, { retries: 1 });
  // @ts-expect-error no such option
  createClient({ provider: 'deepseek', apikey: 'key' });
});

test('a value of the wrong kind is a compile error', () => {
  // @ts-expect-error messages are missing
  void create({});
  // @ts-expect-error only one answer
  void create({ messages, n: 2 });
  // @ts-expect-error no such effort
  void create({ messages, reasoning_effort: 'hard' });
  // @ts-expect-error no such vendor
  createClient({ provider: 'openai' });
});

test('the first choice is there without a question', () => {
  expectTypeOf<ChatCompletionWithReport['choices'][0]>().toEqualTypeOf<Choice>();
  // Any other may be missing: the project compiles with `noUncheckedIndexedAccess`.
  const read = ({ choices }: ChatCompletionWithReport, index: number) => choices[index];
  expectTypeOf(read).returns.toEqualTypeOf<Choice | undefined>();
});

test('content and reasoning of a delta are text, null or absent', () => {
  type Delta = ChatCompletionChunk['choices'][number]['delta'];

  expectTypeOf<Delta['content']>().toEqualTypeOf<string | null | undefined>();
  expectTypeOf<Delta['reasoning_content']>().toEqualTypeOf<string | null | undefined>();
});

test('content of a message is text or null, its reasoning may be absent', () => {
  expectTypeOf<ChatCompletionMessage['content']>().toEqualTypeOf<string | null>();
  expectTypeOf<ChatCompletionMessage['reasoning_content']>().toEqualTypeOf<
    string | null | undefined
  >();
});

test('an answer fits into the next request as it is', () => {
  expectTypeOf<ChatCompletionMessage>().toExtend<ChatCompletionMessageParam>();
  expectTypeOf<ChatCompletionMessage>().toExtend<ChatCompletionAssistantMessageParam>();
});

test('a completion carries its report, which cannot be replaced', () => {
  expectTypeOf<ChatCompletionWithReport['report']>().toEqualTypeOf<Report>();
  const replace = (completion: ChatCompletionWithReport, report: Report): void => {
    // @ts-expect-error read-only
    completion.report = report;
  };
  assertType(replace);
});

test('providerOptions knows the fields of each vendor that has some', () => {
  void create({ messages }, { providerOptions: { aimlapi: { top_k: 1 } } });
  void create({ messages }, { providerOptions: { shortapi: { modalities: ['text'] } } });
  // @ts-expect-error no such field at this vendor
  void create({ messages }, { providerOptions: { aimlapi: { top_kk: 1 } } });
  // @ts-expect-error of the wrong kind
  void create({ messages }, { providerOptions: { aimlapi: { top_k: 'one' } } });
  // @ts-expect-error a vendor without fields of its own
  void create({ messages }, { providerOptions: { bytespike: { top_k: 1 } } });
  // @ts-expect-error no such vendor
  void create({ messages }, { providerOptions: { openai: {} } });
});

test('providerOptions of a vendor of your own has the type of its schema', () => {
  interface LocalOptions {
    min_p?: number | undefined;
  }
  const options = {} as StandardSchemaV1<LocalOptions>;
  const local = defineProvider({ id: 'local', baseURL: 'https://local.example/v1', options });
  const { completions } = createClient({ provider: local }).chat;

  void completions.create({ messages }, { providerOptions: { local: { min_p: 0.1 } } });
  void completions.create({ messages }, { providerOptions: { aimlapi: { top_k: 1 } } });
  // @ts-expect-error no such field in the schema
  void completions.create({ messages }, { providerOptions: { local: { max_p: 0.1 } } });
  // @ts-expect-error no such vendor
  void completions.create({ messages }, { providerOptions: { other: {} } });
});

test('isChatError narrows to the error, and to the code that was asked for', () => {
  const read = (error: unknown): void => {
    if (isChatError(error, 'timeout')) expectTypeOf(error.code).toEqualTypeOf<'timeout'>();
    if (isChatError(error)) {
      expectTypeOf(error.code).toEqualTypeOf<ChatErrorCode>();
      expectTypeOf(error.status).toEqualTypeOf<number | undefined>();
    }
  };
  assertType(read);
  // @ts-expect-error no such code
  isChatError(new Error('a test'), 'time_out');
});
