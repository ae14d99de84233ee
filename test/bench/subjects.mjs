// Who is measured. What each does is in the file of its name in `subjects/`.

/**
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} label
 * @property {string[]} [packages] whose versions are told
 * @property {string[]} [imports] what a program of its users imports
 * @property {string} [reasoningField] what its vendor calls the reasoning, if not `reasoning_content`
 */

/** @type {Subject[]} */
export const subjects = [
  { name: 'bare', label: 'bare loop (undici)' },
  { name: 'bare-fetch', label: 'bare loop (fetch)' },
  { name: 'bare-parser', label: 'bare loop (undici, eventsource-parser)' },
  { name: 'ours', label: 'deepseek-v4-flash', imports: ['../../dist/index.js'] },
  { name: 'ours-fetch', label: 'deepseek-v4-flash (fetch)' },
  { name: 'openai', label: 'openai', packages: ['openai'], imports: ['openai'] },
  {
    name: 'ai',
    label: 'ai + @ai-sdk/deepseek',
    packages: ['ai', '@ai-sdk/deepseek'],
    imports: ['ai', '@ai-sdk/deepseek'],
  },
  {
    name: 'langchain',
    label: '@langchain/deepseek',
    packages: ['@langchain/deepseek', '@langchain/core'],
    imports: ['@langchain/deepseek'],
  },
  {
    name: 'openrouter',
    label: '@openrouter/sdk',
    packages: ['@openrouter/sdk'],
    imports: ['@openrouter/sdk'],
    reasoningField: 'reasoning',
  },
  { name: 'xsai', label: 'xsai', packages: ['xsai'], imports: ['xsai'] },
];

export const named = (...names) => subjects.filter(({ name }) => names.includes(name));
export const without = (...names) => subjects.filter(({ name }) => !names.includes(name));
export const ours = new Set(['ours', 'ours-fetch', 'ours-several']);
