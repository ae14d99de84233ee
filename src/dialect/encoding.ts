import { ChatError } from '../outcome/chat-error.ts';
import type { Adjustment } from '../outcome/report.ts';
import type { ReportIssue } from '../schema/issue.ts';
import type { CanonicalRequest } from '../schema/canonical-request.ts';
import type { FunctionParameters } from '../schema/tool.ts';
import type { ModelProfile } from './models.ts';
import { findModel } from './models.ts';
import type { Profile } from './profile.ts';
import type { ThinkingStyle } from './thinking.ts';
import { thinkingStyle } from './thinking.ts';

/** What the parts of the encoder share: the request, the facts, and what comes out. */
export interface Encoding {
  readonly request: CanonicalRequest;
  readonly profile: Profile;
  /** The profile's facts about this model; `undefined` if it has none. */
  readonly model: ModelProfile | undefined;
  /** The caps of the model, or none. */
  readonly caps: ModelProfile['caps'];
  /** How this model is asked to think. */
  readonly style: ThinkingStyle;
  readonly body: Record<string, unknown>;
  readonly adjustments: Adjustment[];
  readonly issues: ReportIssue[];
  path: 'chat' | 'beta';
  /** What the request asks for, the guard of a forced tool choice included. */
  asked: 'enabled' | 'disabled' | undefined;
  /** Whether the model will think: if it is switched on, or not known to be off. */
  thinks: boolean;
  /** The path of a field in the caller's own words. */
  callerPath(field: string): string;
  adjust(adjustment: Omit<Adjustment, 'from' | 'to'> & { from?: unknown; to?: unknown }): void;
}

/** An encoding of which nothing is written yet. */
export function beginEncoding(given: CanonicalRequest, profile: Profile): Encoding {
  const adjustments: Adjustment[] = [];
  const request = withCallForForm(given, profile, adjustments);
  const model = findModel(request.model, profile);
  const style = thinkingStyle(profile, model);
  const asked =
    request.thinking ?? (request.reasoning_effort === undefined ? undefined : 'enabled');
  return {
    request,
    profile,
    model,
    caps: model?.caps ?? {},
    style,
    body: {},
    adjustments,
    issues: [],
    path: 'chat',
    asked,
    thinks: asked === 'enabled' || style.byDefault !== 'off',
    callerPath: (field) => request.callerPaths[field] ?? field,
    adjust: ({ from = null, to = null, ...rest }) => void adjustments.push({ ...rest, from, to }),
  };
}

/**
 * If a vendor has no `response_format`, a forced tool call gives the answer its form, provided that the value is
 * validated here by the caller's schema.
 */
function withCallForForm(
  request: CanonicalRequest,
  { name: vendor, jsonSchema }: Profile,
  adjustments: Adjustment[],
): CanonicalRequest {
  const { response_format: format, isValidated } = request;
  if (jsonSchema !== 'dropped' || !isValidated || format?.type !== 'json_schema') return request;
  const { name, description, schema } = format.json_schema;
  adjustments.push({
    param: 'response_format',
    action: 'mapped',
    lossy: false,
    from: { type: 'json_schema' },
    to: `a call of a tool ${name}`,
    reason: `${vendor} documents no \`response_format\``,
  });
  const described = description == null ? {} : { description };
  const parameters = schema as FunctionParameters;
  return {
    ...request,
    response_format: undefined,
    tools: [{ type: 'function', function: { name, ...described, parameters } }],
    tool_choice: { type: 'function', function: { name } },
  };
}

/** An `unsupported_parameter`: leaving this out would change the meaning of the request. */
export function unsupported(profile: Profile, param: string, what: string): ChatError {
  return new ChatError(
    'unsupported_parameter',
    `${profile.name} does not accept ${what} (${param})`,
    {
      provider: profile.id,
      param,
    },
  );
}

/** Sends the request to the vendor's beta path. */
export function reroute(encoding: Encoding, param: string, reason: string): void {
  if (encoding.path === 'beta') return;
  encoding.path = 'beta';
  const { chat = 'chat/completions', beta } = encoding.profile.paths;
  encoding.adjust({ param, action: 'rerouted', lossy: false, from: chat, to: beta, reason });
}
