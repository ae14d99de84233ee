import type { Client } from '../../index.ts';
import { orReason } from './errors.ts';
import { toWebStream } from './items.ts';
import { contentOf, finishOf, metadataOf, usageOf, warningsOf } from './outcome.ts';
import { encodeCall } from './request.ts';
import type { FlashModel, SpecificationVersion } from './specification.ts';
import { streamParts } from './stream-parts.ts';

/** The vendors take these by their URL; what one of them does not take is refused with a sentence. */
const supportedUrls = { 'image/*': [/^https:\/\//], 'video/*': [/^https:\/\//] };

export function createModel<Version extends SpecificationVersion>(
  client: () => Client<never>,
  modelId: string,
  version: Version,
): FlashModel<Version> {
  return {
    specificationVersion: version,
    provider: 'flash.chat',
    modelId,
    supportedUrls,
    async doGenerate(asked) {
      const { params, options, warnings } = encodeCall(modelId, asked);
      const { completions } = client().chat;
      const completion = await orReason(completions.create(params, options), asked.abortSignal);
      const { report, id, created, model } = completion;
      return {
        content: contentOf(completion, report),
        finishReason: finishOf(completion, report, version),
        usage: usageOf(report),
        providerMetadata: metadataOf(report, completion),
        response: {
          id,
          timestamp: new Date(created * 1000),
          modelId: model,
          headers: report.headers,
        },
        warnings: [...warnings, ...warningsOf(report)],
      };
    },
    async doStream(asked) {
      const { params, options, warnings } = encodeCall(modelId, asked);
      const asking = client().chat.completions.create({ ...params, stream: true }, options);
      const chat = await orReason(asking, asked.abortSignal);
      const parts = streamParts(chat, { version, asked, warnings });
      return {
        stream: toWebStream(parts, () => chat.abort()),
        response: { headers: chat.report.headers },
      };
    },
  };
}
