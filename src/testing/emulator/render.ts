import type { Provider } from '../../dialect/provider.ts';
import type { ComposedAnswer } from './answer.ts';
import { tokens } from './answer.ts';
import type { Dialect } from './dialect.ts';
import { flashName } from './facts.ts';
import type { EmulatorWrite, PlayedResponse } from './script.ts';
import type { WireRequest } from './wire-request.ts';

const json = { 'content-type': 'application/json' };

/** A whole answer in a vendor's dialect. */
export function renderWhole(
  dialect: Dialect,
  { model = '' }: WireRequest,
  answer: ComposedAnswer,
): PlayedResponse {
  const { content, reasoning, calls, finish_reason } = answer;
  // Where a vendor puts reasoning in a stream, it puts it in a message.
  const { delta, ...onChoice } = reasoning ? dialect.reasoningDelta(reasoning) : { delta: {} };
  const message = {
    role: 'assistant',
    ...(delta as object),
    content,
    ...(calls.length > 0 && { tool_calls: calls.map(renderCall) }),
  };
  const choice = { index: 0, message, ...onChoice, ...dialect.choiceEnd, finish_reason };
  const body = {
    ...dialect.top('chat.completion', model),
    choices: [choice],
    ...dialect.usage(answer),
  };
  return {
    status: 200,
    headers: { ...json, ...dialect.headers },
    // What keeps a connection awake before a whole answer is blank lines; so every reader has to take them.
    writes: [`${dialect.keepAlive && '\n\n'}${JSON.stringify(body)}`],
  };
}

function renderCall(call: ComposedAnswer['calls'][number]): object {
  const { id, name, arguments: text } = call;
  return { id, type: 'function', function: { name, arguments: text } };
}

/** A stream in a vendor's dialect. */
export function renderStream(
  dialect: Dialect,
  request: WireRequest,
  answer: ComposedAnswer,
  delayMs: number,
): PlayedResponse {
  const top = dialect.top('chat.completion.chunk', request.model ?? '');
  const writes: EmulatorWrite[] = dialect.keepAlive === '' ? [] : [dialect.keepAlive];
  const write = (event: object): void => {
    if (delayMs > 0) writes.push({ delayMs });
    writes.push(`data: ${JSON.stringify({ ...top, ...event })}\n\n`);
  };
  const add = (choice: object): void =>
    write({ choices: [{ index: 0, delta: {}, finish_reason: null, ...choice }] });

  for (const delta of dialect.opening) {
    // Without thinking there is no word of reasoning, not even an empty one.
    const { reasoning_content, ...plain } = delta;
    const content = answer.content === null ? null : '';
    add({
      delta:
        answer.reasoning === '' || reasoning_content === undefined
          ? { ...plain, content }
          : { ...plain, reasoning_content },
    });
  }
  for (const text of tokens(answer.reasoning)) add(dialect.reasoningDelta(text));
  for (const text of tokens(answer.content ?? '')) add(contentDelta(dialect, answer, text));
  for (const [index, call] of answer.calls.entries()) {
    const [first, ...rest] = callPieces(index, call);
    add({ delta: { tool_calls: [first] } });
    for (const piece of rest) add({ delta: { tool_calls: [piece] } });
  }

  const usage =
    !dialect.usageOnRequest || request.stream_options?.include_usage ? dialect.usage(answer) : {};
  const isTogether = dialect.usagePlace === 'on the finish chunk';
  const delta = answer.content === null ? {} : { content: '' };
  const last = { index: 0, delta, ...dialect.choiceEnd, finish_reason: answer.finish_reason };
  write({ choices: [last], ...(isTogether && usage) });
  if (!isTogether && 'usage' in usage) write({ choices: [], ...usage });
  writes.push('data: [DONE]\n\n');
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', ...dialect.headers },
    writes,
  };
}

function contentDelta(dialect: Dialect, { reasoning }: ComposedAnswer, text: string): object {
  return reasoning === '' ? { delta: { content: text } } : dialect.contentDelta(text);
}

function callPieces(index: number, call: ComposedAnswer['calls'][number]): object[] {
  const { id, name, arguments: text } = call;
  const half = Math.ceil(text.length / 2);
  const pieces = [text.slice(0, half), text.slice(half)].filter((piece) => piece !== '');
  return [
    { index, id, type: 'function', function: { name, arguments: '' } },
    ...pieces.map((piece) => ({ index, function: { arguments: piece } })),
  ];
}

export function renderModels(provider: Provider, { modelOwner }: Dialect): PlayedResponse {
  const data = [{ id: flashName(provider), object: 'model', owned_by: modelOwner }];
  return { status: 200, headers: json, writes: [JSON.stringify({ object: 'list', data })] };
}

export function renderBalance({ balance }: Dialect): PlayedResponse {
  return { status: 200, headers: json, writes: [JSON.stringify(balance)] };
}
