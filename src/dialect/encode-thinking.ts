import { forcesCall } from '../schema/tool.ts';
import type { Encoding } from './encoding.ts';
import { splitPath, switchValue } from './thinking.ts';

/**
 * The switch for thinking and its effort, in the vendor's own form. Also the guard: where a forced tool choice is
 * refused while the model thinks, thinking is switched off, since a caller that forces a call reads `tool_calls[0]`.
 */
export function encodeThinking(encoding: Encoding): void {
  const { request, profile, thinks } = encoding;
  const guarded =
    profile.forcedToolChoice === 'thinking off' &&
    forcesCall(request.tool_choice) &&
    thinks &&
    request.thinking !== 'disabled';
  if (guarded) return guard(encoding);
  if (request.thinking === 'disabled') return switchOff(encoding);
  if (request.thinking === 'enabled') switchOn(encoding);
  if (request.reasoning_effort !== undefined) encodeEffort(encoding, request.reasoning_effort);
}

function guard(encoding: Encoding): void {
  const { request, profile, callerPath, adjust } = encoding;
  const reason = `${profile.name} refuses a forced tool choice while the model thinks`;
  writeSwitch(encoding, 'off');
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
    const param = callerPath('reasoning_effort');
    adjust({ param, action: 'dropped', lossy: true, from: request.reasoning_effort, reason });
  }
}

/** Writes a field beside those that stand in the same object; gives back what was written. */
function write(body: Record<string, unknown>, path: string, value: unknown): object {
  const [outer, inner] = splitPath(path);
  if (inner === undefined) {
    body[outer] = value;
    return { [outer]: value };
  }
  body[outer] = { ...(body[outer] as object | undefined), [inner]: value };
  return { [outer]: { [inner]: value } };
}

/** Puts the vendor's own "on" or "off" into the body; `undefined` if there is none. */
function writeSwitch(encoding: Encoding, to: 'on' | 'off'): SwitchWritten | undefined {
  const found = switchValue(encoding.style, to);
  if (found === undefined) return undefined;
  encoding.thinks = to === 'on';
  const [outer] = splitPath(found.field);
  return { outer, field: found.field, fields: write(encoding.body, found.field, found.value) };
}

interface SwitchWritten {
  /** The field of the body. */
  outer: string;
  field: string;
  fields: object;
}

/** Whether a switch is the one that the caller wrote. */
function isAsWritten({ outer, field }: SwitchWritten, param: string): boolean {
  return field === param || (field === 'thinking.type' && outer === param);
}

function switchOff(encoding: Encoding): void {
  const { profile, style, callerPath, adjust } = encoding;
  const param = callerPath('thinking');
  const from = param === 'thinking' ? { type: 'disabled' } : 'none';
  const off = writeSwitch(encoding, 'off');
  // What happens anyway needs no switch.
  if (off === undefined && style.byDefault === 'off') return;
  if (off === undefined) {
    const reason = `${profile.name} has no switch for thinking`;
    adjust({ param, action: 'dropped', lossy: true, from, reason });
  } else if (!isAsWritten(off, param)) {
    const reason = 'the switch that this vendor has';
    adjust({ param, action: 'mapped', lossy: false, from, to: off.fields, reason });
  }
}

function switchOn(encoding: Encoding): void {
  const { request, profile, style, adjust } = encoding;
  const [param, from] = ['thinking', { type: 'enabled' }];
  if (style.on === undefined) {
    const reason = `${profile.name} says the model does not think here`;
    return adjust({ param, action: 'dropped', lossy: true, from, reason });
  }
  // The effort that was asked for is what switches it on.
  const isEffort = switchValue(style, 'on')?.isEffort === true;
  if (isEffort && style.effort !== undefined && request.reasoning_effort !== undefined) return;
  const on = writeSwitch(encoding, 'on');
  if (on === undefined || isAsWritten(on, param)) return;
  const reason = 'the switch that this vendor has';
  adjust({ param, action: 'mapped', lossy: false, from, to: on.fields, reason });
}

/** An effort asks for thinking; where that is a field of its own, and the model may not think by itself, it goes along. */
function switchOnForEffort(encoding: Encoding): void {
  const { request, style, adjust } = encoding;
  const on = switchValue(style, 'on');
  if (request.thinking === 'enabled' || on === undefined || on.isEffort) return;
  if (style.byDefault === 'on') return;
  const written = writeSwitch(encoding, 'on');
  const [outer] = splitPath(style.effort?.field ?? '');
  if (written === undefined || written.outer === outer) return;
  const reason = 'an effort asks for thinking, which is switched on apart from it here';
  adjust({ param: 'thinking', action: 'added', lossy: false, to: written.fields, reason });
}

function encodeEffort(
  encoding: Encoding,
  asked: NonNullable<Encoding['request']['reasoning_effort']>,
): void {
  const { profile, style, body, callerPath, adjust } = encoding;
  const param = callerPath('reasoning_effort');
  switchOnForEffort(encoding);
  if (style.effort === undefined) {
    const reason = `${profile.name} documents no effort`;
    adjust({ param, action: 'dropped', lossy: true, from: asked, reason });
    return;
  }
  const { field, values } = style.effort;
  const sent = values[asked === 'ultra' ? 'max' : asked];
  write(body, field, sent);
  if (param !== field) {
    const reason = 'the name that this vendor documents';
    adjust({ param, action: 'renamed', lossy: false, from: param, to: field, reason });
  }
  if (sent !== asked) {
    const reason = `the nearest effort that ${profile.name} documents`;
    adjust({ param, action: 'mapped', lossy: true, from: asked, to: sent, reason });
  }
}
