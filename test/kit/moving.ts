import type { EmulatorReply } from 'deepseek-v4-flash/testing';

// The pairs of examples/moving: what the model says to each, and what both programs of the pair print.

interface Pair {
  replies: EmulatorReply[];
  printed: string[];
}

const recipe = { title: 'Bread', minutes: 90, steps: ['Knead', 'Bake'] };
const thought = 'Whether it is cold there.';

const call: EmulatorReply = {
  reasoning_content: thought,
  tool_calls: [{ name: 'weather', arguments: { city: 'Oslo' } }],
};
const answered: EmulatorReply = { reasoning_content: '', content: 'No, it is warm.' };

export const pairs: Record<string, Pair> = {
  'openai-stream': {
    replies: [{ reasoning_content: 'Light scatters.', content: 'Short waves scatter more.' }],
    printed: ['Light scatters.Short waves scatter more.', 'tokens'],
  },
  'openai-tools': { replies: [call, answered], printed: ['No, it is warm.'] },
  'ai-tools': {
    replies: [call, answered],
    printed: [thought, '→', 'Oslo', 'No, it is warm.', 'tokens'],
  },
  'ai-object': { replies: [{ content: JSON.stringify(recipe) }], printed: ['Bread 90'] },
  'langchain-tools': { replies: [call, answered], printed: ['No, it is warm.'] },
  'langchain-object': { replies: [{ content: JSON.stringify(recipe) }], printed: ['Bread 90'] },
};
