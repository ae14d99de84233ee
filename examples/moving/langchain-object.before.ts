import { ChatDeepSeek } from '@langchain/deepseek';
import * as z from 'zod';

const Recipe = z.object({ title: z.string(), minutes: z.number(), steps: z.array(z.string()) });
const model = new ChatDeepSeek({
  model: 'deepseek-v4-flash',
  // A forced call is how the object is asked for, and the vendor refuses one while the model thinks.
  modelKwargs: { thinking: { type: 'disabled' } },
}).withStructuredOutput(Recipe);

const { title, minutes } = await model.invoke('A recipe for bread, please.');
console.log(title, minutes);
