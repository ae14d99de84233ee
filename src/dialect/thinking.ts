import type { ReasoningEffort } from '../schema/request.ts';

// How a vendor is asked to think. Fields are paths into the body: `reasoning.effort` is `{ reasoning: { effort } }`.

/** A field that says whether to think: `enabled` or `disabled` in `thinking.type`, `true` or `false` in the others. */
export type ThinkingSwitch =
  | 'thinking.type'
  | 'reasoning.enabled'
  | 'enable_thinking'
  | `chat_template_kwargs.${string}`;

/** A field that says how much to think. */
export type EffortField =
  | 'reasoning_effort'
  | 'thinking.reasoning_effort'
  | 'reasoning.effort'
  | `chat_template_kwargs.${string}`;

/** How a vendor's switch for thinking works. */
export interface ThinkingStyle {
  /** How to switch it off: a switch, or an effort, e.g. `reasoning_effort none`; absent: it cannot be. */
  off?: ThinkingSwitch | `${EffortField} ${string}` | undefined;
  /**
   * How to switch it on: a switch, or an effort, e.g. `reasoning_effort high`. `default`: there is nothing to send; absent:
   * the vendor says it has none.
   */
  on?: ThinkingSwitch | `${EffortField} ${string}` | 'default' | undefined;
  /** Whether the model thinks when nothing is sent. @default 'unknown' */
  byDefault?: 'on' | 'off' | 'unknown' | undefined;
  /** Where the effort goes, and what each canonical effort becomes; absent: the vendor takes none. */
  effort?:
    | {
        field: EffortField;
        /** `ultra` is the same as `max`. */
        values: Readonly<Record<Exclude<ReasoningEffort, 'none' | 'ultra'>, string>>;
      }
    | undefined;
}

/** How a model is asked to think: as its vendor is, but for what its own entry says. */
export function thinkingStyle(
  profile: { thinking: ThinkingStyle },
  model: { thinking?: ThinkingStyle | undefined } | undefined,
): ThinkingStyle {
  return model?.thinking === undefined
    ? profile.thinking
    : { ...profile.thinking, ...model.thinking };
}

/** What is written to switch thinking on or off; `undefined` where there is nothing to write. */
export function switchValue(
  style: ThinkingStyle,
  to: 'on' | 'off',
): { field: string; value: string | boolean; isEffort: boolean } | undefined {
  const given = style[to];
  if (given === undefined || given === 'default') return undefined;
  const [field = '', effort] = given.split(' ');
  if (effort !== undefined) return { field, value: effort, isEffort: true };
  const value = field === 'thinking.type' ? `${to === 'on' ? 'en' : 'dis'}abled` : to === 'on';
  return { field, value, isEffort: false };
}

/** The field of the body that a path begins with, and the one in it, if there is one. */
export function splitPath(path: string): [outer: string, inner: string | undefined] {
  const dot = path.indexOf('.');
  return dot === -1 ? [path, undefined] : [path.slice(0, dot), path.slice(dot + 1)];
}
