/** What a call could come to at one vendor, before it is sent. */
export interface Estimate {
  /** The vendor's name. */
  provider: string;
  /** Tokens of the prompt, by DeepSeek's rule or by `countTokens`: messages, tools and the schema of the answer. */
  promptTokens: number;
  /**
   * The most that it can cost, in US dollars, as an exact decimal string: nothing in the cache, the dearer hours, and
   * `max_tokens` (8,192 where none is given) written. Absent where the vendor's prices are not known, or the prompt holds
   * what has no count.
   */
  maxUsd?: string | undefined;
}
