import type { Client, ClientOptions } from '../../index.ts';
import { ChatError, createClient } from '../../index.ts';
import { isClient } from '../client-of.ts';
import { createModel } from './model.ts';
import type { FlashModel, SpecificationVersion } from './specification.ts';

/** Settings of {@link createFlash}. */
export interface FlashSettings<Version extends SpecificationVersion = SpecificationVersion> {
  /**
   * Version of the language model specification. `v3` works with `ai` 6 and 7. `v4` works only with `ai` 7, and has a finish reason
   * for an answer that was cut off, `interrupted`.
   *
   * @default 'v3'
   */
  specification?: Version | undefined;
}

/** A provider for the AI SDK; call it with the id of a model. */
export interface FlashProvider<Version extends SpecificationVersion = 'v3'> {
  /** @param modelId without a vendor's prefix. Default `deepseek-v4-flash` */
  (modelId?: string): FlashModel<Version>;
  /** Which version of the AI SDK's specification it follows. */
  readonly specificationVersion: Version;
  /** The model, by its id. @default 'deepseek-v4-flash' */
  languageModel(modelId?: string): FlashModel<Version>;
  /** The same as `languageModel`. */
  chat(modelId?: string): FlashModel<Version>;
  /** There is none. @throws ChatError `unsupported` */
  embeddingModel(modelId: string): never;
  /** There is none. @throws ChatError `unsupported` */
  imageModel(modelId: string): never;
}

/**
 * Creates a provider for the AI SDK (`ai` 6 and 7) from a client, or from the options of one.
 *
 * @example
 * const flash = createFlash({ provider: 'vtrix' });
 * const { text } = await generateText({ model: flash('deepseek-v4-flash'), prompt: 'Hi' });
 *
 * @throws ChatError `invalid_options`
 */
export function createFlash<const Version extends SpecificationVersion = 'v3'>(
  from?: ClientOptions | Client<never>,
  settings: FlashSettings<Version> = {},
): FlashProvider<Version> {
  const version = (settings.specification ?? 'v3') as Version;
  if (!['v3', 'v4'].includes(version)) {
    const param = 'specification';
    throw new ChatError('invalid_options', 'Option specification must be one of v3, v4', { param });
  }
  const client = clientOf(from);
  const languageModel = (modelId = 'deepseek-v4-flash'): FlashModel<Version> =>
    createModel(client, modelId, version);
  const refuse = (): never => {
    throw new ChatError('unsupported', 'Only language models are available from this provider');
  };
  return Object.assign((modelId?: string) => languageModel(modelId), {
    specificationVersion: version,
    languageModel,
    chat: languageModel,
    embeddingModel: refuse,
    imageModel: refuse,
  });
}

/** Options are checked now; without any, nothing is made before the first call. */
function clientOf(from: ClientOptions | Client<never> | undefined): () => Client<never> {
  if (isClient(from)) return () => from;
  // What is adjusted becomes a warning of `ai`: one is enough.
  const make = (): Client<never> =>
    createClient({ onUnsupported: 'adjust', ...from }) as Client<never>;
  let made = from === undefined ? undefined : make();
  return () => (made ??= make());
}

/** The provider of `createClient()`: DeepSeek, with the key of its environment variable. */
export const flash: FlashProvider = /* @__PURE__ */ createFlash();
