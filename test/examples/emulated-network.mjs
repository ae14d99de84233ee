// Loaded before a program: sends what is meant for the vendors to the emulator at EMULATOR_URL, and nothing elsewhere.
import { Agent, setGlobalDispatcher } from 'undici';
import { providers } from '../../src/index.ts';

const mounts = new Map(
  Object.values(providers).map(({ id, profile }) => [new URL(profile.baseURL).origin, `/${id}`]),
);

setGlobalDispatcher(
  new Agent().compose((dispatch) => (options, handler) => {
    const origin = String(options.origin);
    const mount = mounts.get(origin);
    if (mount !== undefined) {
      return dispatch(
        { ...options, origin: process.env.EMULATOR_URL, path: mount + options.path },
        handler,
      );
    }
    if (new URL(origin).hostname === '127.0.0.1') return dispatch(options, handler);
    throw new Error(`A program wants to reach ${origin}`);
  }),
);
