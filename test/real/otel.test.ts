import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import type { HistogramMetricData } from '@opentelemetry/sdk-metrics';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { createClient, fetchTransport, tool, undiciTransport } from 'deepseek-v4-flash';
import { instrument } from 'deepseek-v4-flash/otel';
import type { EmulatorServer } from 'deepseek-v4-flash/testing';
import { faults, startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';

// With the SDK of OpenTelemetry itself, and its instrumentation of undici beside ours.

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter });
const meters = new MeterProvider({ readers: [reader] });
const undici = new UndiciInstrumentation();
const tracer = provider.getTracer('test');
const meter = meters.getMeter('test');
const messages = [{ role: 'user' as const, content: 'Hi' }];

let emulator: EmulatorServer;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  undici.setTracerProvider(provider);
  emulator = await startEmulator();
});
afterAll(async () => {
  undici.disable();
  context.disable();
  await emulator.close();
  await meters.shutdown();
});
beforeEach(async () => {
  await reader.forceFlush();
  metricExporter.reset();
  exporter.reset();
});

const transports = { undici: () => undiciTransport(), fetch: () => fetchTransport() };

function clientOver(transport: keyof typeof transports) {
  const options = { apiKey: 'k', baseURL: emulator.baseURL('deepseek'), maxRetries: 1 };
  return instrument(createClient({ ...options, transport: transports[transport]() }), {
    tracer,
    meter,
  });
}

/** `name < parent`, in the order of their beginning. */
function tree(): string[] {
  const spans = exporter.getFinishedSpans();
  const nameOf = (id: string | undefined): string =>
    spans.find((span) => span.spanContext().spanId === id)?.name ?? '-';
  return spans.map((span) => `${span.name} < ${nameOf(span.parentSpanContext?.spanId)}`).toSorted();
}

const call = (): ReadableSpan | undefined =>
  exporter.getFinishedSpans().find(({ name }) => name.startsWith('chat'));

test.each(['undici', 'fetch'] as const)(
  'over %s, requests of the network and attempts are children of the call, and that of what is active',
  async (transport) => {
    const { completions } = clientOver(transport).chat;
    emulator.reply(faults.status(503, { headers: { 'retry-after-ms': '1' } }));
    await tracer.startActiveSpan('outer', async (outer) => {
      await completions.create({ messages });
      outer.end();
    });

    expect(tree()).toEqual([
      'POST < chat deepseek-v4-flash',
      'POST < chat deepseek-v4-flash',
      'attempt 1 < chat deepseek-v4-flash',
      'attempt 2 < chat deepseek-v4-flash',
      'chat deepseek-v4-flash < outer',
      'outer < -',
    ]);
    const first = exporter.getFinishedSpans().find(({ name }) => name === 'attempt 1');
    expect(first?.attributes).toMatchObject({
      'error.type': 'overloaded',
      'http.response.status_code': 503,
    });
    const duration = call()?.duration ?? [0, 0];
    expect(duration[0] + duration[1] / 1e9).toBeGreaterThan(0);
  },
);

test('a stream is measured, and one that is cut reports the finish reason error', async () => {
  const { completions } = clientOver('undici').chat;
  emulator.reply({ content: 'One two three four five six.' });
  await completions.stream({ messages }).finalCompletion();
  await reader.forceFlush();
  const measured = metricExporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
  const pointsOf = (name: string) =>
    (measured.find(({ descriptor }) => descriptor.name === name) as HistogramMetricData | undefined)
      ?.dataPoints ?? [];

  expect(pointsOf('gen_ai.client.operation.duration')[0]?.value.count).toBe(1);
  expect(pointsOf('gen_ai.client.operation.duration')[0]?.value.buckets.boundaries[0]).toBe(0.01);
  expect(pointsOf('gen_ai.client.operation.time_to_first_chunk')[0]?.value.count).toBe(1);
  expect(pointsOf('gen_ai.client.operation.time_per_output_chunk')[0]?.value.count).toBeGreaterThan(
    3,
  );
  expect(pointsOf('gen_ai.client.token.usage')).toHaveLength(2);
  expect(pointsOf('flash.client.cost')).toHaveLength(1);

  exporter.reset();
  emulator.reply(faults.cutAfterEvents(3, 'reset'));
  const error = await completions
    .stream({ messages })
    .finalCompletion()
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'stream_interrupted' });
  expect(call()?.attributes).toMatchObject({
    'gen_ai.response.finish_reasons': ['error'],
    'error.type': 'stream_interrupted',
  });
  expect(call()?.status.code).toBe(2);
});

test('what a tool does is a child of its span', async () => {
  emulator.reply({ tool_calls: [{ name: 'look', arguments: {} }] });
  emulator.reply({ content: 'Sunny.' });
  const look = tool({
    name: 'look',
    parameters: z.object({}),
    execute: async () => {
      await Promise.resolve();
      tracer.startSpan('inside').end();
      expect(trace.getActiveSpan()).toBeDefined();
      return 'Sunny';
    },
  });
  const run = clientOver('undici').chat.completions.runTools({ messages, tools: [look] });
  expect((await run.final()).end).toBe('answered');
  await expect.poll(() => tree().at(-1)).toBe('invoke_agent < -');

  expect(tree()).toEqual([
    'POST < chat deepseek-v4-flash',
    'POST < chat deepseek-v4-flash',
    'attempt 1 < chat deepseek-v4-flash',
    'attempt 1 < chat deepseek-v4-flash',
    'chat deepseek-v4-flash < invoke_agent',
    'chat deepseek-v4-flash < invoke_agent',
    'execute_tool look < invoke_agent',
    'inside < execute_tool look',
    'invoke_agent < -',
  ]);
});
