// What the AI SDK makes of our provider and of our streams for pages. Run with the name of an `ai` package, the emulator's
// URL and a version of the specification; prints what came of it as JSON.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createClient, isChatError, tool as ownTool } from 'deepseek-v4-flash';
import {
  createFlash,
  fromUIMessages,
  pipeUIMessageStreamToResponse,
  toUIMessageStream,
  toUIMessageStreamResponse,
} from 'deepseek-v4-flash/ai-sdk';

const [place, baseURL, specification, knowsResets, otherURL] = process.argv.slice(2);
const ai = await import(place);
globalThis.AI_SDK_LOG_WARNINGS = false;

const options = { baseURL, apiKey: 'any-key-of-mine', maxRetries: 1, onUnsupported: 'adjust' };
const flash = createFlash(options, { specification });
const client = createClient(options);
const model = flash('deepseek-v4-flash');
const prompt = 'Do I need a coat?';
const told = {};

const citySchema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const ran = [];
const weather = ai.tool({
  description: 'The weather',
  inputSchema: ai.jsonSchema(citySchema),
  execute: async ({ city }) => {
    ran.push(city);
    return { sky: `clear in ${city}` };
  },
});
const stopWhen = ai.stepCountIs?.(4) ?? ai.isStepCount(4);

async function collect(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}
const typesOf = (parts) =>
  parts.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
const nameOf = (error) => (isChatError(error) ? error.code : (error?.name ?? String(error)));

// ---------------------------------------------------------------- whole answers

{
  const { text, reasoningText, usage, finishReason, providerMetadata, response, warnings } =
    await ai.generateText({ model, prompt, topK: 3, headers: { 'x-mine': 'yes' } });
  const { vendor, cost, attempts, requestId } = providerMetadata.flash;
  told.generate = {
    text,
    reasoningText,
    finishReason,
    counts: [usage.inputTokens, usage.outputTokens].every((count) => count > 0),
    reasoningTokens: usage.outputTokenDetails.reasoningTokens,
    cacheRead: usage.inputTokenDetails.cacheReadTokens,
    vendor,
    isPriced: /^0\.\d+$/.test(cost.usd),
    attempts: attempts.length,
    hasRequestId: typeof requestId === 'string',
    hasResponse: response.id !== '' && response.timestamp instanceof Date,
    warned: warnings.map(({ feature }) => feature),
  };
}
{
  const { text, steps } = await ai.generateText({ model, prompt, tools: { weather }, stopWhen });
  told.tools = { text, ran: ran.splice(0), ends: steps.map(({ finishReason }) => finishReason) };
}
{
  const schema = ai.jsonSchema({ ...citySchema });
  const output = ai.Output.object({ schema });
  const { output: value } = await ai.generateText({ model, prompt, output });
  told.object = value;
}
{
  const toolChoice = { type: 'tool', toolName: 'weather' };
  const { toolCalls } = await ai.generateText({ model, prompt, tools: { weather }, toolChoice });
  told.forced = toolCalls.map(({ toolName, input }) => [toolName, input]);
  ran.splice(0);
}
{
  const failing = ai.generateText({ model, prompt, maxRetries: 5 });
  told.overloaded = nameOf(await failing.catch((error) => error));
}
{
  const error = await ai.generateText({ model, prompt, maxRetries: 5 }).catch((reason) => reason);
  told.refused = nameOf(error);
}

// ---------------------------------------------------------------- streams

{
  const result = ai.streamText({ model, prompt, includeRawChunks: true });
  const parts = await collect(result.fullStream);
  const { flash: metadata } = await result.providerMetadata;
  told.stream = {
    types: typesOf(parts.filter(({ type }) => type !== 'raw')),
    isRaw: parts.some(({ type, rawValue }) => type === 'raw' && Array.isArray(rawValue.choices)),
    text: await result.text,
    reasoning: await result.reasoningText,
    finishReason: await result.finishReason,
    completion: metadata.completion,
  };
}
{
  const result = ai.streamText({ model, prompt, tools: { weather }, stopWhen });
  const types = typesOf(await collect(result.fullStream));
  told.streamedTools = {
    text: await result.text,
    ran: ran.splice(0),
    isStreamed: types.includes('tool-input-delta'),
    steps: (await result.steps).length,
  };
}
{
  const output = ai.Output.object({ schema: ai.jsonSchema(citySchema) });
  const result = ai.streamText({ model, prompt, output });
  const partials = await collect(result.partialOutputStream);
  told.streamedObject = { last: partials.at(-1), whole: await result.output };
}
async function endOf(more = {}) {
  const errors = [];
  const onError = ({ error }) => void errors.push(nameOf(error));
  const result = ai.streamText({ model, prompt, onError, maxRetries: 5, ...more });
  const types = typesOf(await collect(result.fullStream));
  const finishReason = await Promise.resolve(result.finishReason).catch(nameOf);
  return {
    finishReason,
    errors,
    isTold: types.includes('error'),
    isAborted: types.includes('abort'),
  };
}
told.cut = await endOf();
told.badWord = await endOf();
told.tooLong = await endOf({ tools: { weather } });
told.ranWhenCut = ran.splice(0);
{
  const controller = new AbortController();
  const result = ai.streamText({ model, prompt, abortSignal: controller.signal, onError() {} });
  const types = [];
  for await (const { type } of result.fullStream) {
    types.push(type);
    if (type === 'text-delta') controller.abort();
  }
  told.abort = types.at(-1);
}
{
  const abortSignal = AbortSignal.abort();
  const error = await ai.generateText({ model, prompt, abortSignal }).catch((reason) => reason);
  told.abortedBefore = nameOf(error);
}
{
  const needsApproval = true;
  const asking = ai.tool({
    inputSchema: weather.inputSchema,
    execute: weather.execute,
    needsApproval,
  });
  const messages = [{ role: 'user', content: prompt }];
  const tools = { weather: asking };
  const first = await ai.generateText({ model, messages, tools, stopWhen });
  const request = first.content.find(({ type }) => type === 'tool-approval-request');
  const { approvalId } = request;
  const answer = {
    type: 'tool-approval-response',
    approvalId,
    approved: false,
    reason: 'No coats',
  };
  messages.push(...first.response.messages, { role: 'tool', content: [answer] });
  const { text } = await ai.generateText({ model, messages, tools, stopWhen });
  told.denied = { text, ran: ran.splice(0) };
}

// ---------------------------------------------------------------- pages

const messages = [{ role: 'user', content: prompt }];
const transport = (api) => new ai.DefaultChatTransport({ api });
async function lastMessage(stream) {
  let last;
  const errors = [];
  const onError = (error) => void errors.push(error.message);
  for await (const message of ai.readUIMessageStream({ stream, onError })) last = message;
  return { ...last, errors };
}
/** A page that asks a server of ours. */
async function page(handle, uiMessages) {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => (body += bytes));
    request.on('end', () => void handle(JSON.parse(body), response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const asked = transport(`http://127.0.0.1:${server.address().port}/`);
  const stream = await asked.sendMessages({
    chatId: 'c',
    trigger: 'submit-message',
    messages: uiMessages,
  });
  const last = uiMessages.at(-1);
  const message =
    last.role === 'assistant'
      ? await (async () => {
          let told;
          for await (const each of ai.readUIMessageStream({ message: last, stream })) told = each;
          return told;
        })()
      : await lastMessage(stream);
  server.close();
  return message;
}
const shape = ({ parts }) =>
  parts.map(({ type, state }) => (state === undefined ? type : `${type}:${state}`));
const asked = [{ id: 'u', role: 'user', parts: [{ type: 'text', text: prompt }] }];

{
  const chat = client.chat.completions.stream({ messages });
  const response = toUIMessageStreamResponse(chat, { messageId: 'm1' });
  told.uiHeader = response.headers.get('x-vercel-ai-ui-message-stream');
  const text = await response.text();
  told.uiDone = text.trimEnd().endsWith('data: [DONE]');
}
{
  const { id, metadata, ...message } = await page(async ({ messages: given }, response) => {
    const read = fromUIMessages(given);
    await pipeUIMessageStreamToResponse(client.chat.completions.stream(read), response, {
      messageId: 'm2',
    });
  }, asked);
  const { provider, cost, completion } = metadata.flash;
  told.page = { id, shape: shape(message), provider, isPriced: cost.usd !== '', completion };
}
{
  const chat = client.chat.completions.stream({ messages });
  const { errors, metadata } = await lastMessage(toUIMessageStream(chat));
  told.pageCut = { errors, completion: metadata?.flash.completion };
}
const refund = ownTool({
  name: 'refund',
  parameters: {
    jsonSchema: citySchema,
    schema: { '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value }) } },
  },
  needsApproval: true,
  execute: ({ city }) => {
    ran.push(city);
    return { done: city };
  },
});
{
  const run = (body, response) =>
    pipeUIMessageStreamToResponse(
      client.chat.completions.runTools({ ...fromUIMessages(body.messages), tools: [refund] }),
      response,
      { messageId: 'm3' },
    );
  const first = await page(run, asked);
  told.approval = { shape: shape(first), ran: [...ran] };
  const waiting = first.parts.find(({ state }) => state === 'approval-requested');
  waiting.state = 'approval-responded';
  waiting.approval = { id: waiting.approval.id, approved: true };
  const { errors: _errors, ...kept } = first;
  const second = await page(run, [...asked, kept]);
  const { output } = second.parts.find(({ type }) => type === 'tool-refund');
  told.approved = {
    shape: shape(second),
    ran: ran.splice(0),
    output,
    steps: second.metadata.flash.steps,
  };
}
{
  const params = { messages, tools: [refund], max_tokens: 64 };
  const run = client.chat.completions.runTools(params, { onReasoningExhausted: 'disable' });
  const onReset = knowsResets === 'true' ? 'reset-step' : 'error';
  const message = await lastMessage(toUIMessageStream(run, { onReset }));
  told.reset = { errors: message.errors, shape: shape(message) };
}

// ---------------------------------------------------------------- two vendors as one

{
  const apiKey = 'any-key-of-mine';
  const restarting = createFlash(
    {
      providers: [
        { provider: 'deepseek', baseURL, apiKey },
        { provider: 'shortapi', baseURL: otherURL, apiKey },
      ],
      onInterrupted: 'restart',
      onUnsupported: 'adjust',
      maxRetries: 0,
    },
    { specification },
  );
  const streamed = async () => {
    const onError = () => {};
    const result = ai.streamText({ model: restarting(), prompt, onError, maxRetries: 5 });
    const parts = await collect(result.fullStream);
    const text = parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
    return { text, finishReason: parts.findLast(({ type }) => type === 'finish')?.finishReason };
  };
  told.cutBeforeDelta = await streamed();
  told.cutAfterDelta = await streamed();
}

console.log(JSON.stringify(told));
