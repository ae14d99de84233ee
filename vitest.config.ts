import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/order.ts';
import { summaryReporter } from './test/reporter.ts';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

// For the workers, and for the programs that their tests start.
const today = `--import=${new URL('./test/today.mjs', import.meta.url).href}`;
process.env.TESTS_BEGAN_AT_MS ??= String(Date.now());

export default defineConfig({
  resolve: {
    // Tests and examples import the package by its name, and get the sources.
    alias: [
      { find: '#undici-agent', replacement: source('transport/agent-class.ts') },
      { find: /^deepseek-v4-flash$/, replacement: source('index.ts') },
      { find: /^deepseek-v4-flash\/ai-sdk$/, replacement: source('entries/ai-sdk/index.ts') },
      { find: /^deepseek-v4-flash\/core$/, replacement: source('core.ts') },
      { find: /^deepseek-v4-flash\/providers\/(.*)$/, replacement: source('providers/$1.ts') },
      { find: /^deepseek-v4-flash\/gateway$/, replacement: source('entries/gateway/index.ts') },
      { find: /^deepseek-v4-flash\/otel$/, replacement: source('entries/otel/index.ts') },
      { find: /^deepseek-v4-flash\/reader$/, replacement: source('gateway/reader/index.ts') },
      { find: /^deepseek-v4-flash\/redis$/, replacement: source('entries/redis/index.ts') },
      { find: /^deepseek-v4-flash\/testing$/, replacement: source('testing/index.ts') },
      { find: /^deepseek-v4-flash\/testing\/msw$/, replacement: source('testing/msw.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/live/**',
      'test/bench/**',
      'test/real/**',
      'test/runtimes/**',
      'node_modules/**',
    ],
    typecheck: { enabled: true, include: ['test/types/**/*.test-d.ts'] },
    // To find hangs, also on a machine that has much else to do. No test is expected to come near.
    testTimeout: 120_000,
    execArgv: [today],
    env: { NODE_OPTIONS: [process.env.NODE_OPTIONS, today].filter(Boolean).join(' ') },
    // One less than there are cores is vitest's own choice, which would leave one of two cores without work.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // An error that nobody awaited is a defect of this library, whatever the assertions say.
    dangerouslyIgnoreUnhandledErrors: false,
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/temporary.ts'],
    setupFiles: ['test/setup.ts'],
    reporters: [
      'default',
      ...(process.env.GITHUB_ACTIONS === 'true' ? ['github-actions'] : []),
      summaryReporter(),
    ],
  },
});
