/** One thing that is wrong with a request or an answer. */
export interface ErrorIssue {
  /** Dotted path to the value, e.g. `messages.0.content`; empty for the whole. */
  path: string;
  /** What is wrong, in one sentence; never the value itself. */
  message: string;
  /** How many there are of it, where they are too many to be listed one by one. */
  count?: number | undefined;
}

/** An irregularity in the answer that did not prevent reading it. */
export interface ReportIssue {
  /** A stable code, e.g. `incomplete_tool_call`, `missing_id`, `undocumented`. */
  code: string;
  /** Dotted path, if there is one. */
  path?: string | undefined;
  /** What was irregular, in one sentence. */
  message: string;
  /** How often it occurred, if more than once. */
  count?: number | undefined;
}

/** Takes note of an oddity. */
export type NoteIssue = (issue: ReportIssue) => void;
