import type { CompletionState, Cost, ReportUsage, Timings } from '../../index.ts';

// The part of the AI SDK's UI message stream that we speak. A type test holds it assignable to the real one.

/** Metadata of a message: no headers, request ids, prompts or answers. */
export interface UIMessageMetadata {
  flash: {
    /** Id of the vendor that answered. */
    provider: string;
    model: string;
    /** Token counts; of a run, those of all its steps. */
    usage?: ReportUsage | undefined;
    /** What it cost; of a run, what all its steps did. */
    cost?: Cost | undefined;
    /** Of the last step of a run. */
    timings: Timings;
    completion: CompletionState;
    /** How many steps a run has made. */
    steps?: number | undefined;
  };
}

/** One part of a UI message stream. */
export type UIMessagePart =
  | { type: 'start'; messageId?: string }
  | { type: 'start-step' | 'finish-step' | 'abort' }
  /** What was shown of the step is void. `ai` 6 knows no such part. */
  | { type: 'reset-step' }
  | { type: 'text-start' | 'text-end' | 'reasoning-start' | 'reasoning-end'; id: string }
  | { type: 'text-delta' | 'reasoning-delta'; id: string; delta: string }
  | { type: 'tool-input-start'; toolCallId: string; toolName: string }
  | { type: 'tool-input-delta'; toolCallId: string; inputTextDelta: string }
  | { type: 'tool-input-available'; toolCallId: string; toolName: string; input: unknown }
  | { type: 'tool-approval-request'; approvalId: string; toolCallId: string }
  | { type: 'tool-output-available'; toolCallId: string; output: unknown }
  | { type: 'tool-output-error'; toolCallId: string; errorText: string }
  | { type: 'tool-output-denied'; toolCallId: string }
  | { type: 'error'; errorText: string }
  | {
      type: 'finish';
      finishReason: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'error';
      messageMetadata?: UIMessageMetadata;
    };
