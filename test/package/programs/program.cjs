'use strict';

// What both programs do with the package, however they came by it.

const assert = require('node:assert/strict');
const { createServer } = require('node:http');

const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

const whole = {
  id: 'whole',
  object: 'chat.completion',
  created: 1,
  model: 'deepseek-v4-flash',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'It scatters.', reasoning_content: 'Light.' },
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
};

const events = [
  { delta: { role: 'assistant', reasoning_content: 'Light.' }, finish_reason: null },
  { delta: { content: 'It ' }, finish_reason: null },
  { delta: { content: 'scatters.' }, finish_reason: 'stop' },
].map((choice) => ({
  id: 'streamed',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'deepseek-v4-flash',
  choices: [{ index: 0, ...choice }],
}));

const streamed = [...events.map((event) => JSON.stringify(event)), '[DONE]'].map(
  (data) => `data: ${data}\n\n`,
);

/** A transport of the user's own, without a network. */
const memoryTransport = {
  async send({ body }) {
    const isStream = JSON.parse(body).stream === true;
    const encoder = new TextEncoder();
    const pieces = (isStream ? streamed : [JSON.stringify(whole)]).values();
    return {
      status: 200,
      headers: { 'content-type': isStream ? 'text/event-stream' : 'application/json' },
      body: {
        async read() {
          const { done, value } = pieces.next();
          return done ? undefined : encoder.encode(value);
        },
        cancel() {},
      },
    };
  },
};

async function startServer() {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    if (request.headers.authorization !== 'Bearer secret') response.writeHead(401).end();
    else if (JSON.parse(body).stream !== true) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
    } else {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const piece of streamed) response.write(piece);
      response.end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/v1`, close };
}

async function tryClient(client) {
  const completion = await client.chat.completions.create({ messages });
  assert.equal(completion.choices[0].message.content, 'It scatters.');
  assert.equal(completion.choices[0].message.reasoning_content, 'Light.');
  assert.equal(completion.report.completion, 'complete');

  const stream = await client.chat.completions.create({ messages, stream: true });
  let content = '';
  for await (const chunk of stream) content += chunk.choices[0]?.delta.content ?? '';
  assert.equal(content, 'It scatters.');
  const final = await stream.finalCompletion();
  assert.deepEqual(final.choices, completion.choices);
}

exports.run = async function run(library, testing) {
  const { createClient, fetchTransport, isChatError } = library;
  const apiKey = 'secret';

  await tryClient(createClient({ apiKey, transport: memoryTransport }));

  const server = await startServer();
  try {
    await tryClient(createClient({ apiKey, baseURL: server.url }));
    await tryClient(createClient({ apiKey, baseURL: server.url, transport: fetchTransport() }));
    const wrong = createClient({ apiKey: 'wrong', baseURL: server.url });
    await assert.rejects(wrong.chat.completions.create({ messages }), (error) => {
      return isChatError(error, 'authentication') && error instanceof library.ChatError;
    });
  } finally {
    await server.close();
  }

  const emulator = await testing.startEmulator();
  try {
    for (const provider of Object.keys(library.providers)) {
      const client = createClient({ provider, apiKey, baseURL: emulator.baseURL(provider) });
      const stream = await client.chat.completions.create({ messages, stream: true });
      const completion = await stream.finalCompletion();
      assert.notEqual(completion.choices[0].finish_reason, null);
    }
  } finally {
    await emulator.close();
  }
};
