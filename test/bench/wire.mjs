// What the server sends, made once and kept as bytes, and what a reader must have got in the end. Both come from one
// list of deltas, so neither can be wrong without the other.

import { createHash } from 'node:crypto';

/**
 * @typedef {object} Scenario What one URL of the server answers. The URL holds it, so the server keeps no state.
 * @property {'stream' | 'whole' | 'tools' | 'json' | 'paced'} kind
 * @property {number} [chunks] deltas of a stream
 * @property {number} [perWrite] events in one HTTP chunk
 * @property {string} [reasoningField] what the vendor calls the reasoning
 * @property {number} [characters] of one delta: tool arguments and JSON
 * @property {number} [perSecond] paced only
 */

// Tokens as a model makes them: short, some with escapes, some beyond ASCII.
const words = (
  ' the| sky| is| blue| because| short| wavelengths| of| light| are| scattered| more|,| and| so| on|.|\n\n| "|Ray|' +
  'leigh|"|1|7| größer|天空| 是|蓝色| →| 🙂|**|:| `|const|`|\\(|x|\\)|\n- '
).split('|');

const head = {
  id: '930c60df-bf64-41c9-a88e-3ec75f81e00e',
  object: 'chat.completion.chunk',
  created: 1_767_225_600,
  model: 'deepseek-v4-flash',
  system_fingerprint: 'fp_8802369eaa_prod0623_fp8_kvcache',
};

const usage = {
  prompt_tokens: 19,
  completion_tokens: 1_000,
  total_tokens: 1_019,
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 200 },
  prompt_cache_hit_tokens: 0,
  prompt_cache_miss_tokens: 19,
};

/** A scenario as one part of a URL's path. */
export const encodeScenario = (scenario) =>
  Buffer.from(JSON.stringify(scenario)).toString('base64url');

export const decodeScenario = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());

const deltasOf = {
  *stream({ chunks, reasoningField = 'reasoning_content' }) {
    const reasoningChunks = Math.floor(chunks / 5);
    for (let index = 0; index < chunks; index += 1) {
      const word = words[index % words.length];
      const isReasoning = index < reasoningChunks;
      yield isReasoning
        ? { content: null, [reasoningField]: word }
        : { content: word, [reasoningField]: null };
    }
  },
  *whole({ chunks }) {
    yield* deltasOf.stream({ chunks });
  },
  *tools({ chunks, characters }) {
    const text = jsonText(chunks * characters);
    const call = { index: 0, id: 'call_00_bench', type: 'function' };
    yield { tool_calls: [{ ...call, function: { name: 'save', arguments: '' } }] };
    for (const piece of pieces(text, characters)) {
      yield { tool_calls: [{ index: 0, function: { arguments: piece } }] };
    }
  },
  *json({ chunks, characters }) {
    for (const piece of pieces(jsonText(chunks * characters), characters)) {
      yield { content: piece };
    }
  },
};

function* pieces(text, characters) {
  for (let at = 0; at < text.length; at += characters) yield text.slice(at, at + characters);
}

/** A JSON document of exactly so many characters: records, as a schema would ask for. */
export function jsonText(length) {
  const opening = '{"records":[';
  const closing = '],"rest":""}';
  const records = [];
  let size = opening.length + closing.length;
  for (let index = 0; ; index += 1) {
    const record = `{"id":${index},"name":"record ${index}","tags":["red","green"],"isOpen":true}`;
    if (size + record.length + 1 > length) break;
    records.push(record);
    size += record.length + 1;
  }
  const joined = `${opening}${records.join(',')}`;
  const filling = ' '.repeat(length - joined.length - closing.length);
  return `${joined}${closing.slice(0, -2)}${filling}"}`;
}

/** What a reader of the scenario must have got. `undefined` where only the clock knows. */
export function expected(scenario) {
  if (scenario.kind === 'paced') {
    return { deltas: scenario.chunks, finish: 'stop' };
  }
  let text = '';
  let reasoning = '';
  let toolArguments = '';
  let deltas = 0;
  for (const delta of deltasOf[scenario.kind](scenario)) {
    const reasoned = delta.reasoning_content ?? delta.reasoning;
    const piece = delta.tool_calls?.[0].function.arguments;
    text += delta.content ?? '';
    reasoning += reasoned ?? '';
    toolArguments += piece ?? '';
    if (delta.content || reasoned || piece) deltas += 1;
  }
  return {
    ...(scenario.kind === 'whole' ? {} : { deltas }),
    textLength: text.length,
    reasoningLength: reasoning.length,
    toolArgumentsLength: toolArguments.length,
    finish: scenario.kind === 'tools' ? 'tool_calls' : 'stop',
    hash: createHash('sha256').update(text).update(reasoning).update(toolArguments).digest('hex'),
  };
}

export const responseHead =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n' +
  'transfer-encoding: chunked\r\nkeep-alive: timeout=60\r\n\r\n';

const chunkOf = (delta, finish = null) => ({
  ...head,
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
});

const event = (chunk) => `data: ${JSON.stringify(chunk)}\n\n`;

const frame = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

const ending = (finish) => [
  event(chunkOf({ content: '' }, finish)),
  event({ ...head, choices: [], usage }),
  'data: [DONE]\n\n',
];

function* eventsOf(scenario) {
  yield event(chunkOf({ role: 'assistant', content: '' }));
  for (const delta of deltasOf[scenario.kind](scenario)) yield event(chunkOf(delta));
  yield* ending(scenario.kind === 'tools' ? 'tool_calls' : 'stop');
}

const blockSize = 256 * 1024;

/** The body of a stream in blocks for the socket, HTTP chunk framing included. */
export function renderStream(scenario) {
  const blocks = [];
  let block = '';
  let write = '';
  let events = 0;
  for (const text of eventsOf(scenario)) {
    write += text;
    events += 1;
    if (events % scenario.perWrite === 0) {
      block += frame(write);
      write = '';
    }
    if (block.length > blockSize) {
      blocks.push(Buffer.from(block));
      block = '';
    }
  }
  const last = write === '' ? '' : frame(write);
  blocks.push(Buffer.from(`${block}${last}0\r\n\r\n`));
  return blocks;
}

/** A whole answer, head included. */
export function renderWhole(scenario) {
  let content = '';
  let reasoning = '';
  for (const delta of deltasOf.whole(scenario)) {
    content += delta.content ?? '';
    reasoning += delta.reasoning_content ?? '';
  }
  const message = {
    role: 'assistant',
    content,
    [scenario.reasoningField ?? 'reasoning_content']: reasoning,
  };
  const body = JSON.stringify({
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
    usage,
  });
  const length = Buffer.byteLength(body);
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n` +
      `keep-alive: timeout=60\r\n\r\n${body}`,
  );
}

const stampDigits = 16;
const [beforeStamp, afterStamp] = frame(
  event(chunkOf({ content: '#'.repeat(stampDigits), reasoning_content: null })),
).split('#'.repeat(stampDigits));

/** The clock that all processes of one machine share, in microseconds. */
export const now = () => Number(process.hrtime.bigint()) / 1_000;

/** A delta whose content is the moment it was made. */
export const renderStamped = () =>
  `${beforeStamp}${Math.round(now()).toString().padStart(stampDigits, '0')}${afterStamp}`;

export const renderEnding = () => `${ending('stop').map(frame).join('')}0\r\n\r\n`;
