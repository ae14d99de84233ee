// What every subject asks.

export const model = 'deepseek-v4-flash';
export const apiKey = 'any';
export const messages = [{ role: 'user', content: 'Why is the sky blue?' }];

/** A tool, for the answers that call one. */
export const tools = [
  {
    type: 'function',
    function: { name: 'save', description: 'Saves records', parameters: { type: 'object' } },
  },
];

/** The request of the loops without a client. */
export const bareRequest = (params) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
  body: JSON.stringify({ model, messages, ...params }),
});
