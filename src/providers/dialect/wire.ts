import * as z from 'zod/mini';
import { once } from '../../schema/standard.ts';

// What comes back, as loose as can be read without guessing. Only what nothing can be read without has a form here; every
// other field is looked at where it is read, so that one of a wrong type voids no answer. Unknown fields stay.

const message = once(() =>
  z.looseObject({
    // A text, a part, or parts of which some are text.
    content: z.nullish(z.union([z.string(), z.looseObject({}), z.array(z.unknown())])),
    tool_calls: z.optional(z.unknown()),
  }),
);

const choice = once(() =>
  z.looseObject({ message: z.nullish(message()), delta: z.nullish(message()) }),
);

/** A whole answer. */
export const wireCompletion = once(() =>
  z.looseObject({ choices: z.array(choice()).check(z.minLength(1)) }),
);

/** One event of a stream. */
export const wireChunk = once(() => z.looseObject({ choices: z.nullish(z.array(choice())) }));

export type WireChoice = z.infer<ReturnType<typeof choice>>;
export type WireMessage = z.infer<ReturnType<typeof message>>;
