/** Every effort that can be asked for, from none to most. */
export const reasoningEfforts = [
  'none',
  'minimal',
  'low',
  'medium',
  'high',
  'xhigh',
  'max',
  'ultra',
] as const;

/** How hard to think. `none` is the same as `thinking: { type: 'disabled' }`, and `ultra` the same as `max`. */
export type ReasoningEffort = (typeof reasoningEfforts)[number];
