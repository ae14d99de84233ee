import type { NameSet } from './names.ts';

// What we need of `@opentelemetry/api`, so that our types can be read without it.

/** The value of an attribute. */
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

/** Where the text that is about to be recorded comes from. */
export interface ContentPlace {
  /** Whether it was sent to the model or came from it. */
  direction: 'input' | 'output';
  /** Role of the message, e.g. `user`. */
  role: string;
}

/**
 * Returns the text as it may be recorded. If it throws or returns anything but a string, no message of that direction is
 * recorded.
 */
export type Redactor = (text: string, place: ContentPlace) => string;

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /** Makes the spans. @default that of OpenTelemetry's global provider */
  tracer?: TracerLike | undefined;
  /** Makes the metrics. @default that of OpenTelemetry's global provider */
  meter?: MeterLike | undefined;
  /**
   * Records prompts and answers in attributes of the spans: `true` unchanged, or each text as the function returns it.
   * @default false
   */
  captureContent?: boolean | Redactor | undefined;
  /** Names of the semantic conventions: the released ones, or those they are being renamed to. @default 'released' */
  names?: NameSet | undefined;
}
