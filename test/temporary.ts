import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where the processes of a run find its folder. */
export const temporaryVariable = 'FLASH_TEST_FOLDER';

/**
 * One folder for all that the tests of a run put into temporary folders. It is removed when the run ends, so that nothing
 * stays behind a test that failed, or a process that was killed.
 */
export default function giveFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'deepseek-v4-flash-tests-'));
  process.env[temporaryVariable] = folder;
  const remove = (): void =>
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  // A run that is told to end does not come to its own end; removed twice is removed.
  process.once('exit', remove);
  return remove;
}
