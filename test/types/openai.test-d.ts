import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionMessageParam,
  ChatCompletionTool,
  CompletionUsage,
  OpenAI,
} from 'deepseek-v4-flash';
import { expectTypeOf, test } from 'vitest';

test('types of openai-node are here under its names, in both of its places', () => {
  expectTypeOf<OpenAI.Chat.ChatCompletion>().toEqualTypeOf<ChatCompletion>();
  expectTypeOf<OpenAI.Chat.Completions.ChatCompletion>().toEqualTypeOf<ChatCompletion>();
  expectTypeOf<OpenAI.Chat.ChatCompletionMessageParam>().toEqualTypeOf<ChatCompletionMessageParam>();
  expectTypeOf<OpenAI.Chat.ChatCompletionTool>().toEqualTypeOf<ChatCompletionTool>();
  expectTypeOf<OpenAI.Chat.ChatCompletionChunk.Choice.Delta>().toEqualTypeOf<
    ChatCompletionChunk['choices'][number]['delta']
  >();
  expectTypeOf<OpenAI.Chat.Completions.ChatCompletion.Choice>().toEqualTypeOf<
    ChatCompletion['choices'][0]
  >();
  expectTypeOf<OpenAI.CompletionUsage>().toEqualTypeOf<CompletionUsage>();
});

test('the counts of a usage are numbers', () => {
  const usage = {} as NonNullable<ChatCompletion['usage']>;
  expectTypeOf(usage.prompt_tokens).toEqualTypeOf<number>();
  expectTypeOf(usage.completion_tokens).toEqualTypeOf<number>();
  expectTypeOf(usage.total_tokens).toEqualTypeOf<number>();
  expectTypeOf(usage.prompt_tokens_details?.cached_tokens).toEqualTypeOf<number | undefined>();
});
