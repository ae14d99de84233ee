import { apiKey } from '../request.mjs';
import { connect as connectOne } from './ours.mjs';

/** Two vendors as one, both at the same address. The first one is always well. */
export function connect(baseURL) {
  const vendor = (name) => ({ name, provider: 'deepseek', baseURL, apiKey });
  return connectOne(undefined, {
    apiKey: undefined,
    providers: [vendor('first'), vendor('second')],
  });
}
