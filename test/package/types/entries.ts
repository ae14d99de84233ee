// A user's gateway and telemetry, compiled against the declarations alone, with and without the web's and Node's types.

import { createClient } from 'deepseek-v4-flash';
import { createFetch, createHandler, nodeHandler } from 'deepseek-v4-flash/gateway';
import type { TracerLike } from 'deepseek-v4-flash/otel';
import { instrument } from 'deepseek-v4-flash/otel';

export const served = createFetch({ provider: 'vtrix' });
export const listener = nodeHandler(
  createHandler(createClient(), {
    authorize: ({ headers }) => headers.get('authorization') === 'Bearer mine',
  }),
);
export const observed = (tracer: TracerLike) =>
  instrument(createClient({ provider: 'aimlapi' }), { tracer, captureContent: (text) => text });
