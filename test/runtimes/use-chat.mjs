import { useChat } from '@ai-sdk/react';
import { createElement as h, useEffect } from 'react';
import { createRoot } from 'react-dom/client';

// A page with `useChat` of the AI SDK, as its own documentation writes it. It asks one question after the other, and notes
// what has stood in the page meanwhile.

const errors = [];
addEventListener('error', ({ message }) => errors.push(message));
addEventListener('unhandledrejection', ({ reason }) => errors.push(String(reason)));
console.error = console.warn = (...said) => errors.push(said.join(' '));

function Part({ part }) {
  if (part.type === 'text') return h('p', { className: 'text' }, part.text);
  if (part.type === 'reasoning') return h('p', { className: 'reasoning' }, part.text);
  if (!part.type.startsWith('tool-')) return null;
  const { type, state, input, output, errorText } = part;
  const told = [type, state, JSON.stringify(input), JSON.stringify(output) ?? errorText];
  return h('p', { className: 'tool' }, told.join(' '));
}

const textsOf = (name) => [...document.querySelectorAll(`.${name}`)].map((p) => p.textContent);

function Chat({ question, stopsAt, onSeen, onEnd }) {
  const { messages, status, error, sendMessage, stop } = useChat({ id: question });
  const answer = messages.find(({ role }) => role === 'assistant');
  useEffect(() => void sendMessage({ text: question }), []);
  useEffect(() => {
    const seen = { text: textsOf('text'), reasoning: textsOf('reasoning'), tools: textsOf('tool') };
    onSeen(seen);
    if (stopsAt !== undefined && status === 'streaming' && seen.text.join('').includes(stopsAt)) {
      void stop();
    }
    const isOver = status === 'error' || (status === 'ready' && messages.length > 0);
    if (isOver) onEnd({ ...seen, status, error: error?.message, metadata: answer?.metadata });
  });
  return h(
    'main',
    null,
    answer?.parts.map((part, key) => h(Part, { part, key })),
  );
}

/** What was seen, and what is seen in the end. */
async function ask(question, stopsAt) {
  const seen = [];
  const root = createRoot(document.body.appendChild(document.createElement('div')));
  const end = await new Promise((resolve) => {
    const onSeen = (shown) => seen.push(shown);
    root.render(h(Chat, { question, stopsAt, onSeen, onEnd: resolve }));
  });
  root.unmount();
  return { seen, ...end };
}

globalThis.told = (async () => {
  const answers = {};
  for (const question of ['text', 'tools', 'reset', 'cut', 'refused']) {
    answers[question] = await ask(question);
  }
  answers.stopped = await ask('stopped', 'Some');
  return { answers, errors };
})();
