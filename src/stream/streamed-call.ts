import type { Report } from '../outcome/report.ts';
import type { ChunkSource } from './chunk-source.ts';
import type { StreamOutput } from './stream-output.ts';

/** A streamed answer that was asked for, before anybody reads it. */
export interface StreamedCall {
  source: ChunkSource;
  report: Report;
  /** Milliseconds after which a stream that is not being read is cancelled. */
  unreadMs: number;
}

/** A {@link StreamedCall}, and the schema that its answer is held to. */
export interface ChatStreamParts extends StreamedCall {
  output?: StreamOutput | undefined;
}
