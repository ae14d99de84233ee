import { createDeepSeek } from '@ai-sdk/deepseek';
import { generateText, NoObjectGeneratedError, Output } from 'ai';
import * as z from 'zod';

const deepseek = createDeepSeek({ apiKey: process.env.DEEPSEEK_API_KEY ?? '' });
const Recipe = z.object({ title: z.string(), minutes: z.number(), steps: z.array(z.string()) });

try {
  const { output, usage } = await generateText({
    model: deepseek('deepseek-v4-flash'),
    prompt: 'A recipe for bread, please.',
    output: Output.object({ schema: Recipe }),
    providerOptions: { deepseek: { thinking: { type: 'disabled' } } },
  });
  console.log(output.title, output.minutes, usage.outputTokens);
} catch (error) {
  process.exitCode = 1;
  if (NoObjectGeneratedError.isInstance(error)) console.error('no object:', error.text);
  else throw error;
}
