import { defineConfig } from 'vitest/config';
import root from '../../vitest.config.ts';
import { summaryReporter } from '../reporter.ts';

// `npm run test:runtimes`: the packed package wherever people build and run. All of it stays on this machine.
export default defineConfig({
  ...(root.resolve && { resolve: root.resolve }),
  test: {
    include: ['test/runtimes/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    globalSetup: ['test/temporary.ts'],
    reporters: ['default', summaryReporter()],
  },
});
