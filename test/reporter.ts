import type { Reporter, TestModule } from 'vitest/node';

/**
 * Begins a run of all tests by how long it takes, and ends any run with the one line that readers of logs know:
 * `12 passed, 0 failed, 1 skipped`. Printed at the exit, since vitest and its other reporters still have something to say
 * when the tests are over. A run that breaks off has no line.
 */
export function summaryReporter(): Reporter {
  let line: string | undefined;
  process.once('exit', () => {
    if (line !== undefined) console.log(line);
  });
  return {
    onInit() {
      // With more than `vitest run` it may be some of the files, or for some of the names.
      if (process.argv.length > 3) return;
      console.log(
        'The tests take about three minutes on two cores; they need no key and no network.\n',
      );
    },
    onTestRunEnd(modules, unhandledErrors, reason) {
      const passed = countTests(modules, 'passed');
      const skipped = countTests(modules, 'skipped') + countTests(modules, 'pending');
      const failed =
        countTests(modules, 'failed') + countBrokenSuites(modules) + unhandledErrors.length;
      // Whatever else makes vitest end in red must not read as green here.
      const failures = reason === 'passed' ? failed : Math.max(failed, 1);
      line = `${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    },
  };
}

function countTests(
  modules: readonly TestModule[],
  state: 'passed' | 'failed' | 'skipped' | 'pending',
): number {
  return modules.reduce((count, { children }) => count + [...children.allTests(state)].length, 0);
}

/** Files and suites with an error of their own: one that does not load, or a `beforeAll` that threw. */
function countBrokenSuites(modules: readonly TestModule[]): number {
  return modules
    .flatMap((module) => [module, ...module.children.allSuites()])
    .filter((suite) => suite.errors().length > 0).length;
}
