import type { Context, Span } from '@opentelemetry/api';
import { trace } from '@opentelemetry/api';
import type { Attributes, InstrumentOptions } from 'deepseek-v4-flash/otel';

// A tracer and a meter that write down what they are told.

export interface Recorded {
  name: string;
  kind?: number | undefined;
  attributes: Attributes;
  status?: { code: number; message?: string } | undefined;
  parent?: Recorded | undefined;
  isEnded: boolean;
}

export function recorder() {
  const spans: Recorded[] = [];
  const measured: { name: string; value: number; attributes: Attributes }[] = [];
  const tracer: NonNullable<InstrumentOptions['tracer']> = {
    startSpan(name, options, parent) {
      const over = parent && trace.getSpan(parent as Context);
      const span: Recorded = {
        name,
        kind: options.kind,
        attributes: { ...options.attributes },
        parent: (over as { recorded?: Recorded } | undefined)?.recorded,
        isEnded: false,
      };
      spans.push(span);
      return {
        recorded: span,
        setAttributes: (more: Attributes) => Object.assign(span.attributes, more),
        setStatus: (status: { code: number; message?: string }) => (span.status = status),
        end: () => (span.isEnded = true),
      } as unknown as Span;
    },
  };
  const record =
    (name: string) =>
    (value: number, attributes: Attributes = {}) =>
      void measured.push({ name, value, attributes });
  const meter: NonNullable<InstrumentOptions['meter']> = {
    createHistogram: (name) => ({ record: record(name) }),
    createCounter: (name) => ({ add: record(name) }),
  };
  return { spans, measured, tracer, meter };
}
