// A user's tests, with msw installed.

import { handlers } from 'deepseek-v4-flash/testing/msw';
import { setupServer } from 'msw/node';

const all = handlers({ strict: true });

export const server = setupServer(...all);
export const asked: number = all.emulator.requests.length;
