// Entry `deepseek-v4-flash/testing`: the six vendors, for tests and for trying things without a key.
export { createEmulator } from './emulator.ts';
export { startEmulator } from './server.ts';
export { faults } from './faults.ts';
export type { EmulatorServer } from './server.ts';
export type { ErrorKind } from './error-words.ts';
export type { Emulator } from './emulator.ts';
export type { EmulatorOptions } from './options.ts';
export type {
  EmulatorAnswer,
  EmulatorError,
  EmulatorFault,
  EmulatorReply,
  EmulatorToolCall,
  EmulatorUsage,
} from './reply.ts';
export type { EmulatorScript, EmulatorWrite, PlayedResponse } from './script.ts';
export type { StatusOptions } from './fault-answers.ts';
export type { FillOptions } from './fault-cuts.ts';
export type { ErrorFrameOptions } from './fault-events.ts';
export type { InformationalOptions } from './fault-heads.ts';
export type { FaultEnd, FaultPlace } from './fault-script.ts';
export type {
  EmulatorRequest,
  WireFormat,
  WireFunction,
  WireMessage,
  WireRequest,
  WireTool,
} from './wire-request.ts';
