import { afterEach, vi } from 'vitest';

// Tests find out about keys by themselves; none of the machine's own may leak into one.
for (const name of [
  'DEEPSEEK_API_KEY',
  'AIMLAPI_KEY',
  'AIML_API_KEY',
  'SHORTAPI_KEY',
  'ANYFAST_API_KEY',
  'BYTESPIKE_API_KEY',
  'VTRIX_API_KEY',
  'OPENROUTER_API_KEY',
  'DEEPINFRA_API_KEY',
  'DASHSCOPE_API_KEY',
  'FIREWORKS_API_KEY',
  'ARK_API_KEY',
]) {
  delete process.env[name];
}

// Lossy adjustments warn on purpose; a test that is about warnings takes the spy off.
const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});

// Leaks and broken timers show themselves as warnings first.
afterEach(() => {
  const leaks = emitWarning.mock.calls
    .flat()
    .map(String)
    .filter((text) => /MaxListeners|TimeoutOverflow/.test(text));
  if (leaks.length > 0) throw new Error(leaks.join('\n'));
});
