/**
 * Where vendors put the reasoning, in the order in which it is searched: fields of the message, then of the choice. In addition,
 * it may be a part of the content. A place that is added here is read by the decoder and excluded from the fast path.
 */
export const reasoningPlaces = {
  message: ['reasoning_content', 'reasoning', 'reasoning_details'],
  choice: ['reasoning_content', 'reasoning'],
} as const;

/** Those that are not our own. */
export const foreignPlaces = reasoningPlaces.message.filter(
  (place) => place !== 'reasoning_content',
);
