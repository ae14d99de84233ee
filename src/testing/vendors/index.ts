// How each vendor answers and fails, one line a vendor, under its id. Who has no line answers as its profile says.
export { aimlapi } from './aimlapi.ts';
export { alibaba } from './alibaba.ts';
export { anyfast } from './anyfast.ts';
export { bytespike } from './bytespike.ts';
export { deepinfra } from './deepinfra.ts';
export { deepseek } from './deepseek.ts';
export { fireworks } from './fireworks.ts';
export { openrouter } from './openrouter.ts';
export { shortapi } from './shortapi.ts';
export { volcengine } from './volcengine.ts';
export { vtrix } from './vtrix.ts';
