// What a page does with the client and the decoder, beside conformance.mjs. Answers with what can be written as JSON.

const messages = [{ role: 'user', content: 'Hi' }];

const codeOf = (error) => error.code ?? String(error);

/** What only a browser shows: the headers that another origin lets a page see, a lost connection, a hidden redirect. */
export async function browse({ createClient }, baseURL) {
  const options = { baseURL, apiKey: 'any-key-of-mine', maxRetries: 0, allowHttp: true };
  const { completions } = createClient(options).chat;
  return {
    requestId: (await completions.create({ messages })).report.requestId,
    reset: await completions.stream({ messages }).finalCompletion().catch(codeOf),
    redirected: await completions.create({ messages }).catch(codeOf),
  };
}

/** At an origin that lets no page in. */
export async function knock({ createClient }, baseURL) {
  const client = createClient({ baseURL, apiKey: 'any', maxRetries: 0, allowHttp: true });
  return client.chat.completions.create({ messages }).catch(codeOf);
}

/** Reads what a server hands on with the decoder alone. */
export async function decodeAll({ decodeStream }, page) {
  const open = async (reply, as) =>
    decodeStream((await fetch(`/chat/web/${reply}?as=${page}-decode-${as}`)).body);

  let content = '';
  const types = new Set();
  for await (const { choices } of await open('whole', 'whole')) {
    for (const { delta, finish_reason } of choices) {
      content += delta.content ?? '';
      for (const name of Object.keys(delta)) if (delta[name]) types.add(name);
      if (finish_reason) types.add(finish_reason);
    }
  }

  let refused;
  try {
    for await (const _ of await open('refused', 'refused'));
  } catch (error) {
    refused = codeOf(error);
  }

  for await (const { choices } of await open('open', 'left')) {
    if (choices[0]?.delta.content) break;
  }
  return { content, types: [...types], refused };
}
