// Entry `deepseek-v4-flash/testing`: the known vendors, for tests and for trying things without a key.
export { createEmulator } from './emulator/emulator.ts';
export { startEmulator } from './carriers/server.ts';
export { faults } from './faults/index.ts';
export type { Faults } from './faults/index.ts';
export type { EmulatorServer, EmulatorServerOptions } from './carriers/server.ts';
export type { ErrorKind } from './emulator/error-words.ts';
export type { Emulator } from './emulator/emulator.ts';
export type { EmulatorOptions } from './emulator/options.ts';
export type {
  EmulatorAnswer,
  EmulatorError,
  EmulatorFault,
  EmulatorReply,
  EmulatorToolCall,
  EmulatorUsage,
} from './emulator/reply.ts';
export type { EmulatorScript, EmulatorWrite, PlayedResponse } from './emulator/script.ts';
export type { StatusOptions } from './faults/answers.ts';
export type { FillOptions } from './faults/cuts.ts';
export type { ErrorFrameOptions } from './faults/events.ts';
export type { InformationalOptions } from './faults/heads.ts';
export type { FaultEnd, FaultPlace } from './faults/places.ts';
export type {
  EmulatorRequest,
  WireFormat,
  WireFunction,
  WireMessage,
  WireRequest,
  WireTool,
} from './emulator/wire-request.ts';
