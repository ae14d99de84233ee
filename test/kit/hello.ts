import { asEvent, chunk, whole } from './wire.ts';

// The bytes of one short answer, `Hello`: in events, and whole.

/** One event of a stream, as it is written. */
export const eventOf = (...given: Parameters<typeof chunk>): string => asEvent(chunk(...given));

export const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
export const first = eventOf({ role: 'assistant', content: 'Hel' });
export const second = eventOf({ content: 'lo' });
export const last = eventOf({ content: '' }, 'stop', { usage });
export const done = 'data: [DONE]\n\n';
export const wholeAnswer = JSON.stringify(whole({ content: 'Hello' }, 'stop', { usage }));
