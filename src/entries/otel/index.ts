// Entry `deepseek-v4-flash/otel`: calls as spans and metrics of OpenTelemetry.
export { instrument } from './instrument.ts';
export type { NameSet } from './names.ts';
export type {
  Attributes,
  AttributeValue,
  ContentPlace,
  CounterLike,
  HistogramLike,
  InstrumentOptions,
  MeterLike,
  Redactor,
  SpanLike,
  TracerLike,
} from './types.ts';
