// Entry `deepseek-v4-flash/testing`: the six vendors, for tests and for trying things without a key.
export { createEmulator } from './emulator.ts';
export { startEmulator } from './server.ts';
export type { EmulatorServer } from './server.ts';
export type { EmulatorAnswer } from './answer.ts';
export type { ErrorKind } from './dialects.ts';
export type { Emulator, EmulatorError, EmulatorOptions, EmulatorReply } from './emulator.ts';
export type { EmulatorScript, EmulatorWrite } from './script.ts';
export type {
  EmulatorRequest,
  WireFormat,
  WireFunction,
  WireMessage,
  WireRequest,
  WireTool,
} from './wire-request.ts';
