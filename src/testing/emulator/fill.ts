import type { Provider } from '../../dialect/provider.ts';
import { composeAnswer, tokens } from './answer.ts';
import type { Dialect } from './dialect.ts';
import type { Refusal } from './refusals.ts';
import type { EmulatorAnswer } from './reply.ts';
import type { PlayedResponse } from './script.ts';
import type { WireRequest } from './wire-request.ts';

// Filling in the middle, where a profile offers it. One vendor documents it (https://api-docs.deepseek.com/api/create-completion).

const documented = new Set(
  'model prompt suffix echo logprobs max_tokens stop stream stream_options temperature top_p'.split(
    ' ',
  ),
);

/** Why the vendor does not fill this gap; `undefined` if it does. */
export function findFillRefusal(
  { profile }: Provider,
  body: WireRequest,
  isStrict: boolean,
): Refusal | undefined {
  const { prompt, suffix, echo, logprobs, max_tokens } = body;
  const most = profile.fim?.max_tokens ?? Infinity;
  const unknown = Object.keys(body).filter((field) => !documented.has(field));
  const rules: [isBroken: boolean, message: string][] = [
    [typeof prompt !== 'string', 'Empty prompt'],
    [
      max_tokens !== undefined && !(max_tokens >= 1 && max_tokens <= most),
      `Invalid max_tokens value, the valid range of max_tokens is [1, ${most}]`,
    ],
    [
      echo === true && (suffix ?? logprobs) !== undefined,
      'echo cannot be used with suffix or logprobs',
    ],
    [isStrict && unknown.length > 0, `This vendor documents no ${unknown.join(', ')}`],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  return broken && { kind: 'bad_request', message: broken[1] };
}

/** The text for the gap. */
export function renderFill(
  dialect: Dialect,
  provider: Provider,
  body: WireRequest,
  given: EmulatorAnswer,
): PlayedResponse {
  const { prompt, echo, stop, max_tokens, stream, stream_options } = body;
  const filled = typeof given.content === 'string' ? given.content : ' and so on.';
  const asked = { messages: [{ role: 'user', content: prompt }], stop, max_tokens };
  const answer = composeAnswer(provider, asked, {
    ...given,
    content: echo === true ? `${String(prompt)}${filled}` : filled,
    reasoning_content: '',
  });
  const top = { ...dialect.top('text_completion', body.model ?? ''), object: 'text_completion' };
  const choice = { index: 0, logprobs: null, finish_reason: null };
  const last = { ...choice, finish_reason: answer.finish_reason };
  const usage = dialect.usage(answer);
  if (!stream) {
    const whole = { ...top, choices: [{ ...last, text: answer.content ?? '' }], ...usage };
    return {
      status: 200,
      headers: { 'content-type': 'application/json', ...dialect.headers },
      writes: [JSON.stringify(whole)],
    };
  }
  const events = [
    ...tokens(answer.content ?? '').map((text) => ({ choices: [{ ...choice, text }] })),
    { choices: [{ ...last, text: '' }] },
    ...(stream_options?.include_usage ? [{ choices: [], ...usage }] : []),
  ];
  const frames = events.map((event) => `data: ${JSON.stringify({ ...top, ...event })}\n\n`);
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', ...dialect.headers },
    writes: [...frames, 'data: [DONE]\n\n'],
  };
}
