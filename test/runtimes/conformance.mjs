// What a program does with the package, in a language that every runtime here knows. Prints one line of JSON.

const messages = [{ role: 'user', content: 'Hi' }];
const tools = [
  { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } },
];

const soon = () => new Promise((resolve) => setTimeout(resolve, 50));

/**
 * One of each: a whole answer, a stream, a tool, an abort, a cut, an error.
 *
 * @param arrived resolves when the vendor has so many requests, where somebody can tell
 */
export async function conform({ createClient, isChatError }, baseURL, arrived = soon) {
  const client = createClient({
    baseURL,
    apiKey: 'any-key-of-mine',
    maxRetries: 0,
    allowHttp: true,
  });
  const { completions } = client.chat;
  const failed = (error) =>
    isChatError(error)
      ? [error.code, error.status ?? '', error.partial ? 'partial' : ''].filter(Boolean).join(' ')
      : String(error);

  const whole = (await completions.create({ messages })).choices[0].message.content;

  let streamed = '';
  for await (const chunk of await completions.create({ messages, stream: true })) {
    streamed += chunk.choices[0]?.delta.content ?? '';
  }

  const { choices } = await completions.stream({ messages, tools }).finalCompletion();
  const called = choices[0].message.tool_calls
    ?.map((call) => call.function)
    .map(({ name, arguments: text }) => `${name} ${text}`);

  const stop = new AbortController();
  const hanging = completions.stream({ messages }, { signal: stop.signal }).finalCompletion();
  arrived(4).then(() => stop.abort());
  const aborted = await hanging.catch(failed);

  const cut = await completions.stream({ messages }).finalCompletion().catch(failed);
  const refused = await completions.create({ messages }).catch(failed);
  return { whole, streamed, called, aborted, cut, refused };
}
