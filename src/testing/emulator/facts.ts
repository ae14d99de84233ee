import type { ModelProfile } from '../../dialect/models.ts';
import { defaultModel, findModel, wireModel } from '../../dialect/models.ts';
import type { RuledParameter } from '../../dialect/profile.ts';
import type { Provider } from '../../dialect/provider.ts';
import type { WireRequest } from './wire-request.ts';

// What the emulator reads of a profile in more than one place, or would have to work out.

/** What the model is called on the wire. */
export function flashName({ profile }: Provider): string {
  return wireModel(defaultModel, profile);
}

/** Limits of the model. */
export function capsOf({ profile }: Provider): ModelProfile['caps'] {
  return findModel(defaultModel, profile)?.caps ?? {};
}

/** Most tokens that an answer of this model may have. */
export function outputCap({ profile }: Provider, model: string): number {
  return findModel(model, profile)?.caps.max_tokens ?? Infinity;
}

/** Kinds of parts in messages; none where content is a text. */
export function partTypes({ profile }: Provider): string[] {
  if (profile.textParts === 'flattened') return [];
  const parts = findModel(defaultModel, profile)?.parts ?? [];
  return ['text', ...parts, ...(profile.refusal === 'sent' ? ['refusal'] : [])];
}

/** Whether the vendor documents a parameter. */
export function takes({ profile }: Provider, parameter: RuledParameter): boolean {
  return profile.parameters[parameter] !== 'dropped';
}

/** Whether the model thinks about a request. */
export function isThinking(
  { profile }: Provider,
  { thinking, reasoning_effort }: WireRequest,
): boolean {
  const isOff = thinking?.type === 'disabled' || reasoning_effort === 'none';
  return profile.thinking.on !== undefined && !isOff;
}

/** Whether a request forces the model to call a tool. */
export function isForced({ tool_choice }: WireRequest): boolean {
  return tool_choice === 'required' || typeof tool_choice === 'object';
}

/** The status of an account without money. */
export function balanceStatus({ profile }: Provider): number {
  return profile.insufficientBalanceStatuses?.[0] ?? 402;
}

/** The fields of an answer with its cost, in the place that the profile names. */
export function costFields(
  { profile }: Provider,
  usd: number,
): { usage?: object; meta?: { usage: object } } {
  if (profile.cost === 'usage.cost') return { usage: { cost: usd.toFixed(8) } };
  if (profile.cost === 'meta.usage.usd_spent') return { meta: { usage: { usd_spent: usd } } };
  return {};
}
