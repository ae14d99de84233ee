import { assertType, expectTypeOf, test } from 'vitest';
import type * as z from 'zod/mini';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParamsBase,
  ChatCompletionMessageParam,
  ChatCompletionMessageToolCall,
  ChatCompletionTool,
  ChatCompletionToolChoiceOption,
  ChunkUsage,
  CompletionUsage,
} from 'deepseek-v4-flash';
import type { ProviderSpec } from '../../src/dialect/define-provider.ts';
import type { factsZod } from '../../src/dialect/provider-facts.ts';
import type { chunkZod } from '../../src/schema/chunk.ts';
import type { InputValue } from '../../src/schema/input.ts';
import type { messageInput } from '../../src/schema/message.ts';
import type { requestInput } from '../../src/schema/request.ts';
import type { requestZod } from '../../src/schema/request-schema.ts';
import type {
  annotationsSchema,
  audioSchema,
  completionZod,
  logprobsSchema,
  metaSchema,
} from '../../src/schema/response.ts';
import type { toolCallInput, toolChoiceInput, toolInput } from '../../src/schema/tool.ts';
import type { chunkUsageSchema, usageSchema } from '../../src/schema/usage-schema.ts';

// The public types are written by hand, so that no declaration names zod. Here they are held equal to what the schemas
// really let through.

type NamedKeys<T> = keyof {
  [K in keyof T as string extends K ? never : number extends K ? never : K]: true;
};

/**
 * A type as its schema sees it: without the index signature by which a loose object keeps unknown fields (a record, all
 * index signature, stays one), and with an open list of words taken for the text it is.
 */
type Plain<T> = T extends string
  ? string extends T
    ? string
    : T
  : T extends readonly unknown[]
    ? { [K in keyof T]: Plain<T[K]> }
    : T extends object
      ? [NamedKeys<T>] extends [never]
        ? T
        : { [K in keyof T as K extends NamedKeys<T> ? K : never]: Plain<T[K]> }
      : T;

type Judged<Described> = Plain<InputValue<Described>>;

type Checked<Schema extends () => z.ZodMiniType> = Plain<z.output<ReturnType<Schema>>>;

test('a request is what its description and its schema take', () => {
  type Request = ChatCompletionCreateParamsBase & { stream?: boolean | null | undefined };

  expectTypeOf<Judged<typeof requestInput>>().toEqualTypeOf<Plain<Request>>();
  expectTypeOf<Checked<typeof requestZod>>().toEqualTypeOf<Plain<Request>>();
});

test('a message is what its description takes', () => {
  expectTypeOf<Judged<typeof messageInput>>().toEqualTypeOf<Plain<ChatCompletionMessageParam>>();
});

test('a tool, the choice of one and a call of one are what their descriptions take', () => {
  expectTypeOf<Judged<typeof toolInput>>().toEqualTypeOf<Plain<ChatCompletionTool>>();
  expectTypeOf<Judged<typeof toolChoiceInput>>().toEqualTypeOf<
    Plain<ChatCompletionToolChoiceOption>
  >();
  expectTypeOf<Judged<typeof toolCallInput>>().toEqualTypeOf<
    Plain<ChatCompletionMessageToolCall>
  >();
});

test('a completion is what its schema takes', () => {
  expectTypeOf<Checked<typeof completionZod>>().toEqualTypeOf<Plain<ChatCompletion>>();
});

test('a chunk is what its schema takes', () => {
  expectTypeOf<Checked<typeof chunkZod>>().toEqualTypeOf<Plain<ChatCompletionChunk>>();
});

test('usage and the smaller parts are what their schemas take', () => {
  type Choice = ChatCompletion['choices'][0];
  type Message = Choice['message'];

  expectTypeOf<Checked<typeof usageSchema>>().toEqualTypeOf<Plain<CompletionUsage>>();
  expectTypeOf<Checked<typeof chunkUsageSchema>>().toEqualTypeOf<Plain<ChunkUsage>>();
  expectTypeOf<Checked<typeof annotationsSchema>>().toEqualTypeOf<
    Plain<NonNullable<Message['annotations']>>
  >();
  expectTypeOf<Checked<typeof audioSchema>>().toEqualTypeOf<Plain<NonNullable<Message['audio']>>>();
  expectTypeOf<Checked<typeof logprobsSchema>>().toEqualTypeOf<
    Plain<NonNullable<Choice['logprobs']>>
  >();
  expectTypeOf<Checked<typeof metaSchema>>().toEqualTypeOf<
    Plain<NonNullable<ChatCompletion['meta']>>
  >();
});

test('the facts that are checked are those of a profile, and their values too', () => {
  type Facts = z.output<ReturnType<typeof factsZod>>;
  type Given = Omit<
    ProviderSpec,
    'options' | 'encode' | 'findError' | Extract<keyof ProviderSpec, `decode${string}`>
  >;
  expectTypeOf<keyof Facts>().toEqualTypeOf<keyof Given>();
  assertType<(facts: Facts) => Given>((facts) => facts);
});
