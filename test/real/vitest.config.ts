import { defineConfig } from 'vitest/config';
import root from '../../vitest.config.ts';
import { summaryReporter } from '../reporter.ts';

// `npm run test:real`: against parts that nobody here wrote. All of it stays on this machine.
export default defineConfig({
  ...(root.resolve && { resolve: root.resolve }),
  test: {
    include: ['test/real/**/*.test.ts'],
    testTimeout: 60_000,
    globalSetup: ['test/temporary.ts'],
    setupFiles: ['test/setup.ts'],
    reporters: ['default', summaryReporter()],
  },
});
