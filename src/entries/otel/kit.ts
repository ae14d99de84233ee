import { metrics, trace } from '@opentelemetry/api';
import type { Client } from '../../index.ts';
import { ChatError } from '../../index.ts';
import type { Names } from './names.ts';
import { nameSets } from './names.ts';
import type {
  Attributes,
  CounterLike,
  HistogramLike,
  InstrumentOptions,
  MeterLike,
  Redactor,
  TracerLike,
} from './types.ts';

/** What every call of one instrumented client is recorded with. */
export interface Kit {
  tracer: TracerLike;
  names: Names;
  meters: Meters;
  /** `undefined` where no content is recorded. */
  redact: Redactor | undefined;
  /** Where the vendor is; nothing for another vendor than the client's first. */
  serverOf(provider: string): Attributes;
}

/** The instruments of a meter. */
export interface Meters {
  duration: HistogramLike;
  firstChunk: HistogramLike;
  perChunk: HistogramLike;
  inputTokens: HistogramLike;
  outputTokens: HistogramLike;
  cost: CounterLike;
}

/** Telemetry is a guest: what fails in it is never the call's. */
export function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

const optionNames = ['tracer', 'meter', 'captureContent', 'names'];

/** @throws ChatError `invalid_options` */
export function createKit(client: Client<never>, options: InstrumentOptions): Kit {
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name));
  const { names: set = 'released', captureContent = false } = options;
  if (unknown !== undefined) {
    throw refused(
      unknown,
      `instrument has no option ${unknown}; the options are ${optionNames.join(', ')}`,
    );
  }
  if (!Object.hasOwn(nameSets, set)) {
    throw refused('names', 'Option names must be released or renamed');
  }
  if (typeof captureContent !== 'boolean' && typeof captureContent !== 'function') {
    throw refused('captureContent', 'Option captureContent must be a boolean or a function');
  }
  const names = nameSets[set];
  const {
    tracer = trace.getTracer('deepseek-v4-flash'),
    meter = metrics.getMeter('deepseek-v4-flash'),
  } = options;
  const asItIs: Redactor = (text) => text;
  return {
    tracer,
    names,
    meters: createMeters(meter as MeterLike, names),
    redact: captureContent === true ? asItIs : captureContent || undefined,
    serverOf: rememberServer(client, names),
  };
}

function refused(param: string, message: string): ChatError {
  return new ChatError('invalid_options', message, { param });
}

// As the conventions have them.
const seconds = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const tokens = [
  1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
];

function createMeters(meter: MeterLike, names: Names): Meters {
  const histogram = (name: string, unit: string, boundaries: number[], description: string) =>
    meter.createHistogram(name, {
      unit,
      description,
      advice: { explicitBucketBoundaries: boundaries },
    });
  const inputTokens = histogram(
    names.inputTokensMetric,
    '{token}',
    tokens,
    'Tokens used by a call',
  );
  return {
    duration: histogram(names.durationMetric, 's', seconds, 'Duration of a call'),
    firstChunk: histogram(
      names.firstChunkMetric,
      's',
      seconds,
      'Time to the first chunk of a stream',
    ),
    perChunk: histogram(names.perChunkMetric, 's', seconds, 'Time between chunks of a stream'),
    inputTokens,
    outputTokens: names.hasTokenType
      ? inputTokens
      : histogram(names.outputTokensMetric, '{token}', tokens, 'Tokens used by a call'),
    cost: meter.createCounter(names.costMetric, { unit: 'USD', description: 'Cost of calls' }),
  };
}

/** The address that requests go to, looked up once: what is sent to it is not looked at. */
function rememberServer(client: Client<never>, names: Names): Kit['serverOf'] {
  let known: { provider: string; attributes: Attributes } | undefined;
  const look = (): NonNullable<typeof known> => {
    const messages = [{ role: 'user' as const, content: '-' }];
    const prepared = quietly(() => client.chat.completions.prepare({ messages }));
    if (prepared === undefined) return { provider: '', attributes: {} };
    const { hostname, port, protocol } = new URL(prepared.url);
    const attributes = {
      [names.serverAddress]: hostname,
      [names.serverPort]: Number(port || (protocol === 'https:' ? 443 : 80)),
    };
    return { provider: prepared.provider, attributes };
  };
  return (provider) => {
    known ??= look();
    return known.provider === provider ? known.attributes : {};
  };
}
