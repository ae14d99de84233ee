import type { ModelProfile } from '../../dialect/models.ts';
import { defaultModel, findModel, wireModel } from '../../dialect/models.ts';
import type { ThinkingStyle } from '../../dialect/thinking.ts';
import { splitPath, switchValue, thinkingStyle } from '../../dialect/thinking.ts';
import type { RuledParameter } from '../../dialect/profile.ts';
import type { Provider } from '../../dialect/provider.ts';
import type { WireRequest } from './wire-request.ts';

// What the emulator reads of a profile in more than one place, or would have to work out.

/** What the model is called on the wire, if the request does not say. */
export function flashName({ profile }: Provider): string {
  return wireModel(defaultModel, profile);
}

/** What the models that the profile lists are called on the wire. */
export function soldNames({ profile }: Provider): string[] {
  const names = Object.entries(profile.models).flatMap(([id, { aliases = [] }]) => [
    id,
    ...aliases,
  ]);
  return [...new Set(names.map((name) => wireModel(name, profile)))];
}

/** What holds of the model that a request names; of one that is not known, what holds of `deepseek-v4-flash`. */
function modelOf({ profile }: Provider, name: string = defaultModel): ModelProfile | undefined {
  return findModel(name, profile) ?? findModel(defaultModel, profile);
}

/** Limits of the model. */
export function capsOf(provider: Provider, model: string | undefined): ModelProfile['caps'] {
  return modelOf(provider, model)?.caps ?? {};
}

/** Most tokens that an answer of this model may have. */
export function outputCap({ profile }: Provider, model: string): number {
  return findModel(model, profile)?.caps.max_tokens ?? Infinity;
}

/** Kinds of parts in messages; none where content is a text. */
export function partTypes(provider: Provider, model: string | undefined): string[] {
  const { textParts, refusal } = provider.profile;
  if (textParts === 'flattened') return [];
  const parts = modelOf(provider, model)?.parts ?? [];
  return ['text', ...parts, ...(refusal === 'sent' ? ['refusal'] : [])];
}

/** Whether the vendor documents a parameter. */
export function takes({ profile }: Provider, parameter: RuledParameter): boolean {
  return profile.parameters[parameter] !== 'dropped';
}

/** How the model that a request names is asked to think. */
export function styleOf(provider: Provider, { model }: WireRequest): ThinkingStyle {
  return thinkingStyle(provider.profile, modelOf(provider, model));
}

/** The effort that a request asks for, in the field that the vendor has for it. */
export function effortOf(provider: Provider, request: WireRequest): unknown {
  const { effort } = styleOf(provider, request);
  return effort && fieldAt(request, effort.field);
}

/** Whether the model thinks about a request. */
export function isThinking(provider: Provider, request: WireRequest): boolean {
  const style = styleOf(provider, request);
  const isSaid = (to: 'on' | 'off'): boolean => {
    const said = switchValue(style, to);
    return said !== undefined && fieldAt(request, said.field) === said.value;
  };
  if (isSaid('off') || style.on === undefined) return false;
  return isSaid('on') || effortOf(provider, request) !== undefined || style.byDefault !== 'off';
}

function fieldAt(request: WireRequest, path: string): unknown {
  const [outer, inner] = splitPath(path);
  const value = request[outer];
  return inner === undefined ? value : (value as Record<string, unknown> | undefined)?.[inner];
}

/** Whether a request forces the model to call a tool. */
export function isForced({ tool_choice }: WireRequest): boolean {
  return tool_choice === 'required' || typeof tool_choice === 'object';
}

/** The status of an account without money. */
export function balanceStatus({ profile }: Provider): number {
  return profile.insufficientBalanceStatuses?.[0] ?? 402;
}

/** The fields of an answer that tell what it cost, in the place that the profile names. */
export function costFields(
  { profile }: Provider,
  usd: number,
): { usage?: object; meta?: { usage: object } } {
  if (profile.cost === 'usage.cost') return { usage: { cost: usd.toFixed(8) } };
  if (profile.cost === 'meta.usage.usd_spent') return { meta: { usage: { usd_spent: usd } } };
  return {};
}
