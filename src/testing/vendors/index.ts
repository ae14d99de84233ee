// How each vendor answers and fails, one line a vendor, under its id. Who has no line answers as its profile says.
export { aimlapi } from './aimlapi.ts';
export { anyfast } from './anyfast.ts';
export { bytespike } from './bytespike.ts';
export { deepseek } from './deepseek.ts';
export { shortapi } from './shortapi.ts';
export { vtrix } from './vtrix.ts';
