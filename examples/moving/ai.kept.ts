import { generateText } from 'ai';
import { flash } from 'deepseek-v4-flash/ai-sdk';

const { text, providerMetadata } = await generateText({
  model: flash('deepseek-v4-flash'),
  prompt: 'Why is the sky blue?',
});
console.log(text, providerMetadata?.flash?.cost);
