/** One thing that is wrong with a request or an answer. */
export interface ErrorIssue {
  /** Dotted path to the value, e.g. `messages.0.content`; empty for the whole. */
  path: string;
  /** What is wrong, in one sentence; never the value itself. */
  message: string;
}

/** Something odd in the answer that was understood all the same. */
export interface ReportIssue {
  /** A stable word for the oddity, e.g. `incomplete_tool_call`, `missing_id`, `undocumented`. */
  code: string;
  /** Dotted path, where there is one. */
  path?: string | undefined;
  /** What it was, in one sentence. */
  message: string;
  /** How often, if more than once. */
  count?: number | undefined;
}

/** Takes note of an oddity. */
export type NoteIssue = (issue: ReportIssue) => void;
