import { counters } from './usage.ts';

// Side fields of an answer. A malformed one is left out and noted, without affecting the others.

/** Sources that an answer cites. */
export const annotationsShape = {
  list: {
    record: {
      type: 'string?',
      url_citation: {
        maybe: {
          record: {
            url: 'string?',
            title: 'string?',
            start_index: 'number?',
            end_index: 'number?',
          },
        },
      },
    },
  },
} as const;

/** Spoken form of an answer. */
export const audioShape = {
  record: { id: 'string?', data: 'string?', transcript: 'string?', expires_at: 'number?' },
} as const;

const token = {
  token: 'string',
  logprob: 'number',
  bytes: { maybe: { list: 'number' } },
} as const;

const tokens = {
  maybe: {
    list: { record: { ...token, top_logprobs: { maybe: { list: { record: token } } } } },
  },
} as const;

/** How likely each token was. */
export const logprobsShape = {
  record: { content: tokens, refusal: tokens, reasoning_content: tokens },
} as const;

/** What a gateway says of its own billing. */
export const metaShape = {
  record: { usage: { maybe: { record: { credits_used: 'number?', usd_spent: 'number?' } } } },
} as const;

/** Token counts, as vendors give them. */
export const usageShape = {
  record: {
    ...fields(counters.usage),
    ...fields(counters.cache),
    prompt_tokens_details: { maybe: { record: fields(counters.prompt) } },
    completion_tokens_details: { maybe: { record: fields(counters.completion) } },
  },
} as const;

function fields<Name extends string>(names: readonly Name[]): Record<Name, 'number?'> {
  return Object.fromEntries(names.map((name) => [name, 'number?'])) as Record<Name, 'number?'>;
}
