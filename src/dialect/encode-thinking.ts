import { forcesCall } from '../schema/tool.ts';
import type { Encoding } from './encoding.ts';

/**
 * The switch for thinking and its effort, in the vendor's own form. Also the guard: where a forced tool choice is
 * refused while the model thinks, thinking is switched off, since a caller that forces a call reads `tool_calls[0]`.
 */
export function encodeThinking(encoding: Encoding): void {
  const { request, profile } = encoding;
  const guarded =
    profile.forcedToolChoice === 'thinking off' &&
    forcesCall(request.tool_choice) &&
    request.thinking !== 'disabled';
  if (guarded) return guard(encoding);
  if (request.thinking === 'disabled') return switchOff(encoding);
  if (request.thinking === 'enabled') switchOn(encoding);
  if (request.reasoning_effort !== undefined) encodeEffort(encoding, request.reasoning_effort);
}

function guard(encoding: Encoding): void {
  const { request, profile, written, adjust } = encoding;
  const reason = `${profile.name} refuses a forced tool choice while the model thinks`;
  writeOff(encoding);
  encoding.asked = 'disabled';
  const asked = request.thinking !== undefined || request.reasoning_effort !== undefined;
  adjust({
    param: 'thinking',
    action: request.thinking === undefined ? 'added' : 'mapped',
    lossy: asked,
    from: request.thinking === undefined ? null : { type: request.thinking },
    to: { type: 'disabled' },
    reason,
  });
  if (request.reasoning_effort !== undefined) {
    const param = written('reasoning_effort');
    adjust({ param, action: 'dropped', lossy: true, from: request.reasoning_effort, reason });
  }
}

/** Puts the vendor's own "off" into the body, and returns it; `undefined` if there is none. */
function writeOff(encoding: Encoding): { field: string; value: unknown } | undefined {
  const { profile, body } = encoding;
  switch (profile.thinking.off) {
    case 'thinking.type':
      body.thinking = { type: 'disabled' };
      encoding.thinks = false;
      return { field: 'thinking', value: body.thinking };
    case 'reasoning_effort none':
      body.reasoning_effort = 'none';
      encoding.thinks = false;
      return { field: 'reasoning_effort', value: 'none' };
    case undefined:
      return undefined;
  }
}

function switchOff(encoding: Encoding): void {
  const { profile, written, adjust } = encoding;
  const param = written('thinking');
  const from = param === 'thinking' ? { type: 'disabled' } : 'none';
  const off = writeOff(encoding);
  if (off === undefined) {
    const reason = `${profile.name} has no switch for thinking`;
    adjust({ param, action: 'dropped', lossy: true, from, reason });
  } else if (off.field !== param) {
    const reason = 'the switch that this vendor has';
    adjust({ param, action: 'mapped', lossy: false, from, to: { [off.field]: off.value }, reason });
  }
}

function switchOn({ profile, body, adjust }: Encoding): void {
  const from = { type: 'enabled' };
  if (profile.thinking.on === 'thinking.type') {
    body.thinking = from;
  } else if (profile.thinking.on === undefined) {
    const reason = `${profile.name} says the model does not think here`;
    adjust({ param: 'thinking', action: 'dropped', lossy: true, from, reason });
  }
}

function encodeEffort(
  { profile, body, written, adjust }: Encoding,
  asked: NonNullable<Encoding['request']['reasoning_effort']>,
): void {
  const param = written('reasoning_effort');
  const style = profile.thinking.effort;
  if (style === undefined) {
    const reason = `${profile.name} documents no effort`;
    adjust({ param, action: 'dropped', lossy: true, from: asked, reason });
    return;
  }
  const sent = style.values[asked === 'ultra' ? 'max' : asked];
  if (style.field === 'reasoning_effort') body.reasoning_effort = sent;
  else body.thinking = { type: 'enabled', reasoning_effort: sent };
  if (param !== style.field) {
    const reason = 'the name that this vendor documents';
    adjust({ param, action: 'renamed', lossy: false, from: param, to: style.field, reason });
  }
  if (sent !== asked) {
    const reason = `the nearest effort that ${profile.name} documents`;
    adjust({ param, action: 'mapped', lossy: true, from: asked, to: sent, reason });
  }
}
