/**
 * Where vendors put the reasoning, in the order in which it is looked for: fields of the message, then of the choice. Beside
 * these it may be a part of the content. A place that is added here is read, and is no longer taken for plain.
 */
export const reasoningPlaces = {
  message: ['reasoning_content', 'reasoning', 'reasoning_details'],
  choice: ['reasoning_content', 'reasoning'],
} as const;

/** Those that are not our own. */
export const foreignPlaces = reasoningPlaces.message.filter(
  (place) => place !== 'reasoning_content',
);
