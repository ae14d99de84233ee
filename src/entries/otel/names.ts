/** Which names of the conventions are used: those in the field, or those that they are being renamed to. */
export type NameSet = 'released' | 'renamed';

/**
 * What the conventions for generative AI call things. They left OpenTelemetry's main repository, are in development, and are
 * being renamed; so every name is here, once. https://github.com/open-telemetry/semantic-conventions-genai, 2026-11-25.
 */
const common = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  stream: 'gen_ai.request.stream',
  maxTokens: 'gen_ai.request.max_tokens',
  temperature: 'gen_ai.request.temperature',
  topP: 'gen_ai.request.top_p',
  frequencyPenalty: 'gen_ai.request.frequency_penalty',
  presencePenalty: 'gen_ai.request.presence_penalty',
  stop: 'gen_ai.request.stop_sequences',
  seed: 'gen_ai.request.seed',
  reasoningLevel: 'gen_ai.request.reasoning.level',
  outputType: 'gen_ai.output.type',
  responseId: 'gen_ai.response.id',
  responseModel: 'gen_ai.response.model',
  finishReasons: 'gen_ai.response.finish_reasons',
  firstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
  tokenType: 'gen_ai.token.type',
  toolName: 'gen_ai.tool.name',
  toolCallId: 'gen_ai.tool.call.id',
  toolType: 'gen_ai.tool.type',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  errorType: 'error.type',
  status: 'http.response.status_code',
  // The conventions have no cost, no attempts, no bulk, and no words for the end of an answer.
  cost: 'flash.cost.usd',
  unpriced: 'flash.cost.unpriced',
  costSource: 'flash.cost.source',
  attempts: 'flash.attempts',
  attempt: 'flash.attempt.number',
  attemptBilled: 'flash.attempt.billed',
  timeoutPhase: 'flash.timeout.phase',
  completion: 'flash.completion',
  requestId: 'flash.request_id',
  adjustments: 'flash.adjustments',
  steps: 'flash.run.steps',
  runEnd: 'flash.run.end',
  bulkAnswered: 'flash.bulk.answered',
  bulkFromJournal: 'flash.bulk.from_journal',
  bulkFailed: 'flash.bulk.failed',
  bulkConcurrency: 'flash.bulk.concurrency',
  toolFailure: 'flash.tool.failure',
  costMetric: 'flash.client.cost',
} as const;

export interface Names extends Record<keyof typeof common, string> {
  durationMetric: string;
  firstChunkMetric: string;
  perChunkMetric: string;
  /** One histogram for both kinds, or one of each. */
  inputTokensMetric: string;
  outputTokensMetric: string;
  /** Whether a token's kind is an attribute of the metric, or in its name. */
  hasTokenType: boolean;
}

export const nameSets: Readonly<Record<NameSet, Names>> = {
  released: {
    ...common,
    durationMetric: 'gen_ai.client.operation.duration',
    firstChunkMetric: 'gen_ai.client.operation.time_to_first_chunk',
    perChunkMetric: 'gen_ai.client.operation.time_per_output_chunk',
    inputTokensMetric: 'gen_ai.client.token.usage',
    outputTokensMetric: 'gen_ai.client.token.usage',
    hasTokenType: true,
  },
  renamed: {
    ...common,
    durationMetric: 'gen_ai.client.inference.duration',
    firstChunkMetric: 'gen_ai.client.inference.time_to_first_chunk',
    perChunkMetric: 'gen_ai.client.inference.time_per_output_chunk',
    inputTokensMetric: 'gen_ai.client.inference.usage.input_tokens',
    outputTokensMetric: 'gen_ai.client.inference.usage.output_tokens',
    hasTokenType: false,
  },
};
