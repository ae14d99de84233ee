// Gives the subjects the packages of this folder. `node --import ./newest/resolve.mjs client.mjs …`

import { registerHooks } from 'node:module';

const bench = new URL('..', import.meta.url).href;
const isBare = (specifier) => !/^(\.|\/|[a-z]+:)/.test(specifier);

registerHooks({
  resolve(specifier, context, next) {
    const { parentURL = '' } = context;
    const isOurs = parentURL.startsWith(bench) && !parentURL.includes('/node_modules/');
    if (!isBare(specifier) || !isOurs) return next(specifier, context);
    return next(specifier, { ...context, parentURL: import.meta.url });
  },
});
