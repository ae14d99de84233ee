import type { CanonicalRequest } from '../schema/canonical-request.ts';
import type { EncodedRequest, ParameterRule, Profile, RuledParameter } from './profile.ts';
import { encodeFormat } from './encode-format.ts';
import { encodeMessages } from './encode-messages.ts';
import { encodeThinking } from './encode-thinking.ts';
import { encodeTools } from './encode-tools.ts';
import type { Encoding } from './encoding.ts';
import { beginEncoding } from './encoding.ts';
import { modelAdjustment, wireModel } from './models.ts';

/** Parameters that need no more than a rule, and whose it is. */
const rules = {
  temperature: 'temperature',
  top_p: 'top_p',
  frequency_penalty: 'frequency_penalty',
  presence_penalty: 'presence_penalty',
  seed: 'seed',
  logit_bias: 'logit_bias',
  logprobs: 'logprobs',
  top_logprobs: 'logprobs',
  parallel_tool_calls: 'parallel_tool_calls',
} as const satisfies Partial<Record<keyof CanonicalRequest, RuledParameter>>;

type Ruled = keyof typeof rules;

/**
 * Who writes each field, in the order in which they do: a stable order of keys is kind to prompt caches and to readers. A
 * field without a writer does not compile, and would be lost.
 */
const writers = {
  model: encodeModel,
  tools: encodeTools,
  serverTools: encodeTools,
  tool_choice: encodeTools,
  thinking: encodeThinking,
  reasoning_effort: encodeThinking,
  response_format: encodeFormat,
  messages: encodeConversation,
  max_tokens: encodeLimits,
  stop: encodeLimits,
  temperature: encodeParameters,
  top_p: encodeParameters,
  frequency_penalty: encodeParameters,
  presence_penalty: encodeParameters,
  seed: encodeParameters,
  logit_bias: encodeParameters,
  logprobs: encodeParameters,
  top_logprobs: encodeParameters,
  parallel_tool_calls: encodeParameters,
  user_id: encodeUser,
  stream: encodeStream,
  include_usage: encodeStream,
  foreign: dropForeign,
} satisfies Record<
  Exclude<keyof CanonicalRequest, 'callerPaths' | 'isValidated'>,
  (encoding: Encoding) => void
>;

const inOrder = /* @__PURE__ */ Array.from(
  /* @__PURE__ */ new Set(/* @__PURE__ */ Object.values(writers)),
);

/** Ours → wire, guided by the profile alone. */
export function encode(request: CanonicalRequest, profile: Profile): EncodedRequest {
  const encoding = beginEncoding(request, profile);
  for (const write of inOrder) write(encoding);
  const { body, path, adjustments, issues, asked, style } = encoding;
  const thinksByDefault = style.byDefault ?? 'unknown';
  return { body, path, adjustments, issues, thinksByDefault, ...(asked && { thinking: asked }) };
}

function encodeModel({ request, profile, body, adjust }: Encoding): void {
  body.model = wireModel(request.model, profile);
  const adjustment = modelAdjustment(request.model, profile);
  if (adjustment !== undefined) adjust(adjustment);
  // A place for the messages, which are written when it is known whether the model will think.
  body.messages = [];
}

function encodeConversation(encoding: Encoding): void {
  encoding.body.messages = encodeMessages(encoding);
}

function encodeLimits({ request, caps, profile, body, callerPath, adjust }: Encoding): void {
  const { max_tokens, stop } = request;
  if (max_tokens !== undefined) {
    body.max_tokens = Math.min(max_tokens, caps.max_tokens ?? max_tokens);
    const param = callerPath('max_tokens');
    if (param !== 'max_tokens') {
      const reason = 'the name that this vendor documents';
      adjust({ param, action: 'renamed', lossy: false, from: param, to: 'max_tokens', reason });
    }
    if (body.max_tokens !== max_tokens) {
      const reason = `${profile.name} generates at most ${caps.max_tokens} tokens`;
      adjust({
        param,
        action: 'clamped',
        lossy: true,
        from: max_tokens,
        to: body.max_tokens,
        reason,
      });
    }
  }
  if (stop !== undefined) {
    const tooMany = Array.isArray(stop) && caps.stop !== undefined && stop.length > caps.stop;
    body.stop = tooMany ? stop.slice(0, caps.stop) : stop;
    if (tooMany) {
      const reason = `${profile.name} accepts at most ${caps.stop} stop sequences; the first ones are kept`;
      adjust({ param: 'stop', action: 'clamped', lossy: true, from: stop, to: body.stop, reason });
    }
  }
}

function encodeParameters(encoding: Encoding): void {
  for (const field of ruled) {
    const value = encoding.request[field];
    if (value !== undefined) encodeRuled(encoding, field, value);
  }
}

const ruled = /* @__PURE__ */ Object.keys(rules) as Ruled[];

/** Sends a parameter, or says why not. */
function encodeRuled(encoding: Encoding, field: Ruled, given: unknown): void {
  const { profile, body, adjust } = encoding;
  const effective: ParameterRule = profile.parameters[rules[field]] ?? 'sent';
  if (effective === 'dropped') {
    const reason = `${profile.name} documents no such parameter`;
    adjust({ param: field, action: 'dropped', lossy: true, from: given, reason });
    return;
  }
  const idle = whyIneffective(encoding, field, effective, given);
  const least = field === 'top_p' || field === 'seed' ? encoding.caps[field] : undefined;
  if (least !== undefined && (given as number) < least) {
    body[field] = least;
    const reason = `${profile.name} requires at least ${least}${idle === undefined ? '' : `, and ${idle}`}`;
    adjust({ param: field, action: 'clamped', lossy: true, from: given, to: least, reason });
    return;
  }
  body[field] = given;
  if (idle === undefined) return;
  const reason = `${profile.name} ${idle}`;
  adjust({ param: field, action: 'ineffective', lossy: false, from: given, to: given, reason });
}

/** What the vendor does with a value that has no effect; `undefined` if it has one. */
function whyIneffective(
  { thinks, model }: Encoding,
  field: Ruled,
  rule: ParameterRule,
  value: unknown,
): string | undefined {
  if (rule === 'ineffective') return 'ignores it';
  if (rule === 'ineffective while thinking' && thinks) return 'ignores it while thinking';
  const least = field === 'top_p' ? model?.effectiveTopP : undefined;
  if (least === undefined) return undefined;
  if (!thinks) return 'ignores it unless thinking';
  return (value as number) < least ? `uses ${least} instead while thinking` : undefined;
}

function encodeUser({ request, profile, body, callerPath, adjust }: Encoding): void {
  const { user_id: id } = request;
  if (id === undefined) return;
  const param = callerPath('user_id');
  const { user } = profile;
  if (user === undefined || (user.pattern && !user.pattern.test(id))) {
    const reason = user
      ? `${profile.name} accepts only ${user.pattern}`
      : `${profile.name} documents no such parameter`;
    adjust({ param, action: 'dropped', lossy: true, from: id, reason });
    return;
  }
  body[user.field] = id;
  if (param !== user.field) {
    const reason = 'the name that this vendor documents';
    adjust({ param, action: 'renamed', lossy: false, from: param, to: user.field, reason });
  }
}

function encodeStream({ request, profile, body, adjust }: Encoding): void {
  if (request.stream === undefined) return;
  // Also when it is false: some gateways stream by default.
  body.stream = request.stream;
  if (!request.stream) return;
  const { include_usage: asked } = request;
  const param = 'stream_options';
  if (profile.parameters.stream_options === 'dropped') {
    // Without the option there are no counts anyway.
    if (!asked) return;
    const reason = `${profile.name} documents no such parameter`;
    adjust({ param, action: 'dropped', lossy: true, from: { include_usage: asked }, reason });
    return;
  }
  const sent = { include_usage: asked ?? true };
  body.stream_options = sent;
  if (asked === undefined) {
    const reason = 'asks for token counts at the end of the stream';
    adjust({ param, action: 'added', lossy: false, to: sent, reason });
  }
}

function dropForeign({ request, adjust }: Encoding): void {
  for (const [param, from] of Object.entries(request.foreign)) {
    adjust({
      param,
      action: 'dropped',
      lossy: true,
      from,
      reason: 'an OpenAI field that no vendor accepts',
    });
  }
}
