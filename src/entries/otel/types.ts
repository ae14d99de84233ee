import type { NameSet } from './names.ts';

// What we need of `@opentelemetry/api`, so that our types can be read without it.

/** What an attribute may be. */
export type AttributeValue = string | number | boolean | string[];
/** Attributes by name. */
export type Attributes = Record<string, AttributeValue>;

/** A span of OpenTelemetry. */
export interface SpanLike {
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { code: number; message: string }): unknown;
  end(endTime?: number): void;
}

/** A tracer of OpenTelemetry. */
export interface TracerLike {
  startSpan(
    name: string,
    options: { kind: number; startTime: number; attributes: Attributes },
    context: never,
  ): SpanLike;
}

/** A histogram of OpenTelemetry. */
export interface HistogramLike {
  record(value: number, attributes?: Attributes): void;
}

/** A counter of OpenTelemetry. */
export interface CounterLike {
  add(value: number, attributes?: Attributes): void;
}

/** A meter of OpenTelemetry. */
export interface MeterLike {
  createHistogram(
    name: string,
    options: { description: string; unit: string; advice: { explicitBucketBoundaries: number[] } },
  ): HistogramLike;
  createCounter(name: string, options: { description: string; unit: string }): CounterLike;
}

/** Where a text stands that is about to be recorded. */
export interface ContentPlace {
  /** Whether it was sent to the model or came from it. */
  direction: 'input' | 'output';
  /** Of the message, e.g. `user`. */
  role: string;
}

/**
 * A text as it may be recorded. If it throws, or gives anything but a string, none of the messages of that direction is
 * recorded.
 */
export type Redactor = (text: string, place: ContentPlace) => string;

/** How a client is instrumented. */
export interface InstrumentOptions {
  /** Makes the spans. @default that of OpenTelemetry's global provider */
  tracer?: TracerLike | undefined;
  /** Makes the metrics. @default that of OpenTelemetry's global provider */
  meter?: MeterLike | undefined;
  /**
   * Records what was asked and answered in attributes of the spans: `true` as it is, or each text as the function gives it.
   * @default false
   */
  captureContent?: boolean | Redactor | undefined;
  /** The conventions' names: those in the field, or those that they are being renamed to. @default 'released' */
  names?: NameSet | undefined;
}
