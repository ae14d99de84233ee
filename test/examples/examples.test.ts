import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { tempFolder } from '../kit/process.ts';
import { emulatedEnvironment, runProgram as run } from '../kit/run-program.ts';
import { capOf } from '../kit/facts.ts';
import { vendors } from '../kit/vendors.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

let emulator: Awaited<ReturnType<typeof startEmulator>>;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

const emulated = (key: string): object => emulatedEnvironment(key, emulator.url);

describe.concurrent('examples', () => {
  test('every example has a test here', async () => {
    const files = await readdir(join(root, 'examples'));
    expect(files.toSorted()).toEqual(
      [
        'agent.ts',
        'bulk.ts',
        'chat.ts',
        'README.md',
        'custom-vendor.ts',
        'cut.ts',
        'extract.ts',
        'failover.ts',
        // Its programs are run in pages.test.ts.
        'faq.md',
        // Tried over a real Redis: test/real/fleet.
        'fleet',
        // Tried in moving.test.ts.
        'moving',
        'serverless.ts',
        // Tried with the frameworks that they are for: test/runtimes/servers.test.ts.
        'servers',
        'stream.ts',
        // Drawn by terminal.ts in this folder, and tried in readme.test.ts.
        'terminal.svg',
        'thinking.ts',
        'tools.ts',
        'vendors.ts',
        // Tried in a browser: test/runtimes/web-example.test.ts; over Redis: test/real/redis/answers.test.ts.
        'web',
      ].toSorted(),
    );
  });

  test('chat answers a question from the emulator and says so', async () => {
    const { code, stdout, stderr } = await run('examples/chat.ts', ['Why is the sky blue?']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('Vendor: the built-in emulator (no key is set)');
    expect(stdout).toContain('You said: "Why is the sky blue?"');
    expect(stdout).toMatch(/\d+ \+ \d+ tokens, nothing billed, \d+ ms/);
  });

  test('bulk asks for many answers, and not again for what is in its journal', async () => {
    const folder = tempFolder();
    const args = ['30', join(folder, 'results.jsonl')];
    const first = await run('examples/bulk.ts', args);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('30 answers, 0 of them from the journal');
    const second = await run('examples/bulk.ts', args);
    expect(second.stdout).toContain('30 answers, 30 of them from the journal');
    await rm(folder, { recursive: true });
  });

  test('chat reads the terminal, turn after turn', async () => {
    const { code, stdout } = await run('examples/chat.ts', [], { stdin: 'One?\nTwo?\n\n' });
    expect(code).toBe(0);
    expect(stdout).toContain('You said: "One?"');
    expect(stdout).toContain('You said: "Two?"');
  });

  test('Ctrl-C stops an answer of chat and keeps the conversation; twice, it ends the program', async () => {
    const { DEEPSEEK_API_KEY: _key, NODE_OPTIONS: _options, ...env } = process.env;
    const child = spawn(process.execPath, ['--import', 'tsx', 'examples/chat.ts'], {
      cwd: root,
      env,
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const said = (text: string): Promise<void> =>
      vi.waitFor(
        () => {
          if (!stdout.includes(text)) throw new Error(`no "${text}" in ${stdout}`);
        },
        { timeout: 30_000, interval: 10 },
      );
    child.stdin.write('One?\n');
    await said('You said');
    child.kill('SIGINT');
    await said('stopped');
    child.stdin.write('Two?\n');
    await said('"Two?"');
    await said('tokens, nothing billed');
    child.kill('SIGINT');
    await said('Ctrl-C once more');
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(130);
  });

  test('chat uses the vendor whose key is set, and tells the cost', async () => {
    const env = emulated('AIMLAPI_KEY');
    const { code, stdout, stderr } = await run('examples/chat.ts', ['Hello?'], { env });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('Vendor: AIML API');
    expect(stdout).toMatch(/tokens, \$0\.\d+, \d+ ms/);
  });

  test('stream prints the answer, why it ended, and the counts', async () => {
    const { code, stdout } = await run('examples/stream.ts');
    expect(code).toBe(0);
    expect(stdout).toContain('You said: "Say hello."');
    expect(stdout).toContain('---\nstop {');
    expect(stdout).toContain('completion_tokens');
  });

  test('cut tells what had arrived before the connection was lost', async () => {
    const { code, stdout, stderr } = await run('examples/cut.ts');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('stream_interrupted: The connection was lost');
    expect(stdout).toMatch(/What had arrived: \{\n  role: 'assistant',\n  content: 'Mix 500 g /);
  });

  test('thinking tells for each vendor what its switches do', async () => {
    const { code, stdout } = await run('examples/thinking.ts');
    expect(code).toBe(0);
    expect(stdout).toContain('deepseek, off: 0 characters of reasoning');
    expect(stdout).toMatch(/deepseek, on: [1-9]\d* characters/);
    expect(stdout).toMatch(/vtrix, off: [1-9]\d* characters of reasoning thinking dropped/);
    expect(stdout.trim().split('\n')).toHaveLength(3 * 11);
  });

  test('vendors shows a body for each vendor and their adjustments', async () => {
    const { code, stdout } = await run('examples/vendors.ts');
    expect(code).toBe(0);
    expect(stdout.match(/: POST https:/g)).toHaveLength(vendors.length);
    expect(stdout).toContain(`! max_completion_tokens clamped: 20000 → ${capOf('bytespike')}`);
  });

  test('serverless streams a web response', async () => {
    const { code, stdout } = await run('examples/serverless.ts');
    expect(code).toBe(0);
    expect(stdout).toContain('200 text/event-stream; charset=utf-8');
    expect(stdout.trim().endsWith('data: [DONE]')).toBe(true);
  });

  test('custom-vendor sends what a seventh vendor wants', async () => {
    const { code, stdout } = await run('examples/custom-vendor.ts');
    expect(code).toBe(0);
    expect(stdout).toContain('"model":"seventh/deepseek-v4-flash"');
    expect(stdout).toContain('"max_tokens":4096');
    expect(stdout).toContain('answered: Hello from the seventh.');
  });

  test('tools reads files of this repository and answers from them', async () => {
    const { code, stdout, stderr } = await run('examples/tools.ts');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain("→ read_file { path: 'LICENSE', from_line: 1, lines: 5 }");
    expect(stdout).toContain('The file begins with "MIT License"');
    expect(stdout).toContain('answered after 3 steps');
  });

  test('tools, extract and agent ask the vendor whose key is set', async () => {
    const env = emulated('VTRIX_API_KEY');
    const runs = await Promise.all(
      ['tools', 'extract', 'agent'].map((name) => run(`examples/${name}.ts`, [], { env })),
    );
    for (const { stdout } of runs) expect(stdout).toContain('Vendor: Vtrix');
  });

  test('extract shows the value as it grows, and corrects what does not fit', async () => {
    const { code, stdout, stderr } = await run('examples/extract.ts');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('item 1 …\nitem 2 …\n');
    expect(stdout).toContain("seller: 'Holzwerk GmbH'");
    expect(stdout).toContain('875.50 EUR, after 2 attempts\noutput_repaired: it did not fit');
  });

  test('failover shows how a vendor is killed, the whole answer of the next one, and both in a table', async () => {
    const { code, stdout, stderr } = await run('examples/failover.ts');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Light of short waves.* ✂ killed\nAir scatters blue light more/);
    expect(stdout).toMatch(/'deepseek' +│ 200 +│ 'stream_interrupted'/);
    expect(stdout).toMatch(/'shortapi' +│ 200 +│ 'answered'/);
    // 9 × 0.14 + 12 × 0.28 = 4.62 millionths.
    expect(stdout).toContain('Cost: $0.00000462, and 1 attempt that may be billed');
  });

  test('agent pays back what was approved, and not the rest', async () => {
    const { code, stdout, stderr } = await run('examples/agent.ts');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('refund: done {"refunded":35.5}');
    expect(stdout).toContain('refund: not_approved');
    expect(stdout).toContain('answered, $0.0');
  });
});
