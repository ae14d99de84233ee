import { ChatOpenAI } from '@langchain/openai';
import { createFetch } from 'deepseek-v4-flash/gateway';

const model = new ChatOpenAI({
  model: 'deepseek-v4-flash',
  apiKey: 'none', // the vendor's own is in DEEPSEEK_API_KEY
  maxRetries: 0, // what fails has been sent again already
  configuration: { fetch: createFetch({ provider: 'deepseek' }) as typeof fetch },
});

const answer = await model.invoke('Why is the sky blue?');
console.log(answer.text);
