import type { ChatErrorCode } from '../outcome/error-codes.ts';
import type { ChatErrorInit } from '../outcome/chat-error.ts';
import type { Adjustment } from '../outcome/report.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { FinishWords } from '../schema/finish-reason.ts';
import type { Priced } from '../cost/cost.ts';
import type { Region, Selling } from './models.ts';
import type { ThinkingStyle } from './thinking.ts';

/** What a vendor does with a parameter. `ineffective`: taken without an error, and without an effect. */
export type ParameterRule = 'sent' | 'dropped' | 'ineffective' | 'ineffective while thinking';

/** Parameters that need no more than a rule. */
export type RuledParameter =
  | 'temperature'
  | 'top_p'
  | 'frequency_penalty'
  | 'presence_penalty'
  | 'seed'
  | 'logit_bias'
  | 'logprobs'
  | 'parallel_tool_calls'
  | 'stream_options';

/** Everything in which a vendor differs, as data. What is absent is as the field's comment says. */
export interface Profile extends Selling, Pick<Priced, 'cost'> {
  /** Short name, e.g. `deepseek`. */
  id: string;
  /** Name for people. */
  name: string;
  /** What an OpenAI SDK takes as its base URL. */
  baseURL: string;
  /** Its addresses elsewhere, each with what is sold there; one of them is chosen by `baseURL`. */
  regions?: readonly Region[] | undefined;
  /** Environment variables that may hold the key, first one first. */
  apiKeyVariables: readonly string[];
  /** Relative to the base URL. Absent: the vendor offers no such call. */
  paths: {
    /** @default 'chat/completions' */
    chat?: string | undefined;
    /** Where beta features live. */
    beta?: string | undefined;
    models?: string | undefined;
    balance?: string | undefined;
  };
  /** Filling in the middle of a text: where, and how many tokens it writes at most. Absent: not offered. */
  fim?: { path: string; max_tokens: number } | undefined;
  /** Endings of a base URL that other SDKs are used to, and that are not part of the paths above, e.g. `/v1`. */
  baseURLEndings?: readonly string[] | undefined;
  thinking: ThinkingStyle;
  /** @default 'sent', each */
  parameters: { [Parameter in RuledParameter]?: ParameterRule | undefined };
  /** Where the end user's id goes, and what it may look like; absent: dropped. */
  user?: { field: 'user_id' | 'user'; pattern?: RegExp | undefined } | undefined;
  /**
   * What becomes of `json_schema`. `sent with schema`: under OpenAI's key and under `schema` too. `dropped`: the vendor
   * takes no form of answer at all, not even `json_object`.
   */
  jsonSchema: 'sent' | 'sent with schema' | 'json_object' | 'dropped';
  /**
   * What becomes of a tool choice that forces a call. `thinking off`: refused while thinking, so thinking is switched off.
   * `as auto`: neither `required` nor a named function is taken.
   */
  forcedToolChoice: 'sent' | 'thinking off' | 'required as auto' | 'as auto';
  /** What becomes of `strict` on functions. `beta`: on the beta path, all functions or none. */
  strictTools: 'sent' | 'beta' | 'dropped';
  /** Whether a function must have `parameters`. @default false */
  parametersRequired?: boolean | undefined;
  /** What `content: null` beside tool calls becomes. */
  nullContent: 'empty' | 'omitted';
  /** What a refusal becomes. */
  refusal: 'text' | 'sent';
  /** Which messages keep their `name`. */
  names: 'sent' | 'not on tool' | 'dropped';
  /** Where an array of text parts becomes one string. */
  textParts: 'sent' | 'flattened' | 'flattened in tool';
  /** Whether file parts are nested as at OpenAI (`file: { file_id }`) or flat. @default 'nested' */
  fileParts?: 'nested' | 'flat' | undefined;
  /** What becomes of `prefix: true`; absent: unsupported. */
  prefix?: 'beta' | 'undocumented' | undefined;
  /** Statuses beside 402 that mean an empty account. */
  insufficientBalanceStatuses?: readonly number[] | undefined;
  /** The host's own words for the end of an answer, in lower case with `_`. Common ones are known without. */
  finishReasons?: FinishWords | undefined;
  /** The list in the vendor's own options of the tools that it runs itself; they are sent among the others, as `{ type }`. */
  serverTools?: string | undefined;
  /** Response header with the request's id. */
  requestIdHeader: string;
  /** Response header with the Unix seconds at which a rate limit ends. */
  rateLimitResetHeader?: string | undefined;
  /** Most retries after a 5xx, where the vendor repeats by itself; absent: as the client says. */
  serverErrorRetries?: number | undefined;
  /** Statuses that the vendor documents as not billed; `5xx` stands for all of them. */
  unbilledStatuses?: readonly (number | '5xx')[] | undefined;
}

/** A request as this vendor wants it. */
export interface EncodedRequest {
  body: Record<string, unknown>;
  /** Which path it goes to. */
  path: 'chat' | 'beta';
  adjustments: Adjustment[];
  /** Things to know that change nothing. */
  issues: ReportIssue[];
  /** Whether the model is asked to think, if it is asked at all. */
  thinking?: 'enabled' | 'disabled' | undefined;
  /** Whether it thinks if it is not asked. */
  thinksByDefault?: ThinkingStyle['byDefault'];
}

/** An answer that is an error. */
export interface VendorFailure {
  /** HTTP status; absent for an error inside a stream. */
  status?: number | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  /** The model as it was asked for; absent: nothing is known of it. */
  model?: string | undefined;
  /** The body: parsed if it was JSON, text otherwise. */
  body: unknown;
}

/** A {@link VendorFailure}, understood. */
export interface DecodedFailure extends ChatErrorInit {
  code: ChatErrorCode;
  message: string;
}
