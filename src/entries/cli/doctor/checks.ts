import type { Client, Provider, Report } from '../../../index.ts';
import { isChatError } from '../../../index.ts';

/** What was looked at, in the order of the table. */
export const checkNames = [
  'key',
  'model',
  'streaming',
  'thinking off',
  'tools',
  'JSON',
  'usage',
  'cost',
] as const;

/** One property of a vendor: what the registry believes, what was seen, and whether they agree. */
export interface Check {
  name: (typeof checkNames)[number];
  believed: string;
  seen: string;
  verdict: 'ok' | 'differs' | 'failed';
}

/** What came of a vendor. */
export interface Examination {
  vendor: string;
  name: string;
  checks: Check[];
  firstContentMs?: number | undefined;
  totalMs?: number | undefined;
  /** Why the call failed, if it did. */
  error?: { code: string; message: string; status?: number | undefined } | undefined;
}

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Tells the weather of a city.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
} as const;

/** Small calls, so that a look at every vendor costs a fraction of a cent. */
const maxTokens = 300;

/** What the two calls of an examination brought. */
export interface Seen {
  tools: { report: Report; chunks: number; arguments: string | undefined };
  json: { report: Report; content: string };
}

/** A streamed call with a tool and thinking switched off, and then a call for JSON. @throws ChatError */
export async function look(client: Client, onStep: (step: string) => void): Promise<Seen> {
  onStep('asking for a tool call, streamed, without thinking');
  const stream = client.chat.completions.stream({
    messages: [{ role: 'user', content: 'Call get_weather for Rome.' }],
    tools: [weather],
    thinking: { type: 'disabled' },
    max_tokens: maxTokens,
  });
  let chunks = 0;
  for await (const _chunk of stream) chunks++;
  const called = await stream.finalCompletion();
  const [call] = called.choices[0].message.tool_calls ?? [];
  onStep('asking for JSON');
  const answered = await client.chat.completions.create({
    messages: [
      { role: 'user', content: 'Answer with the JSON object {"city":"Rome"} and nothing else.' },
    ],
    response_format: { type: 'json_object' },
    thinking: { type: 'disabled' },
    max_tokens: maxTokens,
  });
  return {
    tools: {
      report: stream.report,
      chunks,
      arguments: call?.type === 'function' ? call.function.arguments : undefined,
    },
    json: { report: answered.report, content: answered.choices[0].message.content ?? '' },
  };
}

/** What was seen, against what the registry believes. */
export function judge({ profile }: Provider, { tools, json }: Seen): Check[] {
  const { report } = tools;
  const [model] = Object.values(profile.models);
  const isOther = report.issues.some(({ code }) => code === 'other_model');
  const { believed: believedThinking, thinks } = thinkingBelief(profile.thinking);
  const hasThought = report.thinking?.seen === true;
  const takesJSON = profile.jsonSchema !== 'dropped';
  const believedCost = costBelief(profile.cost, model?.prices?.date);
  return [
    check('key', 'accepted', 'accepted'),
    check(
      'model',
      [report.model, model?.generation].filter(Boolean).join(' as '),
      report.answeredBy ?? 'not named',
      !isOther,
    ),
    check('streaming', 'in pieces', `${tools.chunks} chunks`, tools.chunks > 1),
    check(
      'thinking off',
      believedThinking,
      hasThought ? 'it thought' : 'it did not think',
      thinks === hasThought,
    ),
    check(
      'tools',
      'called',
      isObject(tools.arguments) ? 'called' : 'not called',
      isObject(tools.arguments),
    ),
    check(
      'JSON',
      takesJSON ? 'answers with it' : 'has no such mode',
      isObject(json.content) ? 'an object' : 'not JSON',
      // Where there is no such mode, the model may do as it is told, or not.
      !takesJSON || isObject(json.content),
    ),
    check('usage', 'counted', usageOf(report), report.usage?.completion_tokens !== undefined),
    check(
      'cost',
      believedCost,
      report.cost ? `$${report.cost.usd} (${report.cost.source})` : 'unknown',
      (believedCost === 'unknown') === (report.cost === undefined),
    ),
  ];
}

/** The same where the call failed. */
export function judgeFailure(error: unknown): Pick<Examination, 'checks' | 'error'> {
  const code = isChatError(error) ? error.code : 'failed';
  const message = error instanceof Error ? error.message : String(error);
  const isKey = code === 'authentication' || code === 'permission_denied';
  const key = isKey
    ? check('key', 'accepted', code, false)
    : ({ name: 'key', believed: 'accepted', seen: code, verdict: 'failed' } as const);
  const status = isChatError(error) ? error.status : undefined;
  return { checks: [{ ...key, verdict: 'failed' }], error: { code, message, status } };
}

function check(name: Check['name'], believed: string, seen: string, agrees = true): Check {
  return { name, believed, seen, verdict: agrees ? 'ok' : 'differs' };
}

/** What becomes of a call that asks for no thinking. */
function thinkingBelief({ on, off }: Provider['profile']['thinking']): {
  believed: string;
  thinks: boolean;
} {
  if (off !== undefined) return { believed: 'can be switched off', thinks: false };
  return on === undefined
    ? { believed: 'never thinks', thinks: false }
    : { believed: 'always thinks', thinks: true };
}

function costBelief(told: string | undefined, date: string | undefined): string {
  if (told !== undefined) return 'told by the vendor';
  return date === undefined ? 'unknown' : `by the prices of ${date}`;
}

function usageOf({ usage }: Report): string {
  return usage === undefined
    ? 'none'
    : `${usage.prompt_tokens ?? '?'} + ${usage.completion_tokens ?? '?'} tokens`;
}

function isObject(text: string | undefined): boolean {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
