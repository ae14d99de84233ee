import { Readable, Writable } from 'node:stream';
import { isChatError, providers } from 'deepseek-v4-flash';
import { createClient } from 'deepseek-v4-flash';
import { describe, expect, test, vi } from 'vitest';
import { main } from '../../src/entries/cli/main.ts';
import type { Terminal } from '../../src/entries/cli/terminal.ts';

interface Screen extends Terminal {
  readonly out: string;
  readonly err: string;
  stop(): void;
}

/** A terminal of which everything is seen. */
function screen(env: Record<string, string> = {}, input?: string): Screen {
  const listeners = new Set<() => void>();
  const seen = { out: '', err: '' };
  const tell = (text: string): void => void (seen.err += text);
  return {
    get out() {
      return seen.out;
    },
    get err() {
      return seen.err;
    },
    env,
    print: (text) => void (seen.out += text),
    tell,
    whisper: tell,
    input: input === undefined ? Readable.from([]) : Readable.from([input]),
    prompts: new Writable({ write: (_piece, _encoding, done) => done() }),
    onStop(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop: () => [...listeners].forEach((listener) => listener()),
  };
}

async function run(args: string[], env = {}, input?: string) {
  const terminal = screen(env, input);
  const code = await main(args, terminal);
  return { code, out: terminal.out, err: terminal.err };
}

const commands = ['chat', 'doctor', 'emulator', 'gateway'];

describe('every command', () => {
  test.each(commands)('%s prints its help as a result', async (name) => {
    const { code, out, err } = await run([name, '--help']);

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`deepseek-v4-flash ${name}`);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });

  test.each(commands)('%s does not know a flag that does not exist', async (name) => {
    const { code, out, err } = await run([name, '--nonsense']);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toBe(`Unknown option '--nonsense'.\nSee: deepseek-v4-flash ${name} --help\n`);
  });

  test.each([
    ['chat', '--vendor', 'nobody', 'x'],
    ['doctor', 'nobody'],
    ['gateway', '--token', 't', '--vendor', 'nobody'],
  ])('%s %s names the vendors for one that does not exist', async (...args) => {
    const { code, err } = await run(args);

    expect(code).toBe(2);
    expect(err).toContain('There is no vendor "nobody". The vendors are deepseek, ');
  });

  test('the help names each of them, and the variables of the keys', async () => {
    const { code, out } = await run(['--help']);

    expect(code).toBe(0);
    for (const name of commands) expect(out).toContain(`\n  ${name} `);
    for (const { profile } of Object.values(providers)) {
      expect(out).toContain(profile.apiKeyVariables[0]);
    }
  });

  test('without a command there is help on standard error; an unknown one is named', async () => {
    const none = await run([]);
    expect({ code: none.code, out: none.out }).toEqual({ code: 2, out: '' });
    expect(none.err).toContain('Usage:');

    const unknown = await run(['chta']);
    expect({ code: unknown.code, out: unknown.out }).toEqual({ code: 2, out: '' });
    expect(unknown.err).toBe(
      'There is no command "chta". The commands are chat, doctor, emulator, gateway.\n',
    );
  });
});

describe('chat', () => {
  test('prints the answer alone as its result, and says that it is the emulator', async () => {
    const { code, out, err } = await run(['chat', 'Why is the sky blue?']);

    expect(code).toBe(0);
    expect(out).toMatch(/^You said: "Why is the sky blue\?"/);
    expect(out).not.toContain('tokens');
    expect(err).toContain('Vendor: the built-in emulator (no key is set)');
    expect(err).toMatch(/\d+ \+ \d+ tokens, nothing billed, \d+ ms/);
  });

  test('takes a question from a pipe', async () => {
    const { out } = await run(['chat', '--thinking', 'off'], {}, 'From a pipe?');

    expect(out).toContain('You said: "From a pipe?"');
  });

  test('prints the answer and its report as JSON', async () => {
    const { out } = await run(['chat', '--json', 'Hi']);

    const { choices, report } = JSON.parse(out);
    expect(choices[0].message.content).toContain('Hi');
    expect(report.completion).toBe('complete');
  });

  test('thinks when it is asked to, and says when the answer was cut', async () => {
    const silent = await run(['chat', '--thinking', 'off', '--system', 'Be brief.', 'Hi']);
    expect(silent.err).not.toContain('The last message is from the user');

    const cut = await run(['chat', '--thinking', 'off', '--max-tokens', '2', 'Hi']);
    expect(cut.code).toBe(0);
    expect(cut.err).toContain(', length\n');
  });

  test.each([
    [['chat', ''], 'The question is empty.'],
    [['chat', '--thinking', 'maybe', 'x'], '--thinking must be on or off.'],
    [['chat', '--max-tokens', 'x', 'x'], '--max-tokens must be a whole number from 1 to 1000000.'],
    [['chat', '--vendor', 'vtrix', 'x'], 'There is no key for Vtrix: set VTRIX_API_KEY.'],
  ])('%s is not understood', async (args, sentence) => {
    const { code, out, err } = await run(
      args,
      args.includes('--vendor') ? { DEEPSEEK_API_KEY: 'k' } : {},
    );

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`${sentence}\n`);
  });

  test('a stop ends the answer, with the exit code of Ctrl-C', async () => {
    const terminal = screen();
    const running = main(['chat', 'Hi'], terminal);
    await vi.waitFor(() => expect(terminal.err).toContain('The last'));
    terminal.stop();

    expect(await running).toBe(130);
    expect(terminal.err).toContain('stopped');
  });
});

describe('emulator', () => {
  /** Runs it on a free port until `use` is done. */
  async function running(args: string[], use: (vendors: Record<string, string>) => Promise<void>) {
    const terminal = screen();
    const ended = main(['emulator', '--port', '0', '--json', ...args], terminal);
    await vi.waitFor(() => expect(terminal.out).toContain('}\n'));
    await use(JSON.parse(terminal.out).vendors);
    terminal.stop();
    expect(await ended).toBe(0);
    return terminal;
  }

  const messages = [{ role: 'user' as const, content: 'A secret question' }];
  const clientOf = (baseURL = '') => createClient({ baseURL, apiKey: 'any', maxRetries: 0 });

  test('answers for every vendor, and tells of requests without what they say', async () => {
    const terminal = await running(['--reply', 'Forty-two.'], async (vendors) => {
      expect(Object.keys(vendors)).toEqual(Object.keys(providers));
      const { choices } = await clientOf(vendors.deepseek).chat.completions.create({ messages });
      expect(choices[0].message.content).toBe('Forty-two.');
    });

    expect(terminal.err).toBe('deepseek POST /chat/completions\n');
  });

  test('applies the faults, to every nth request', async () => {
    const args = ['--fault', 'noDone', '--fault', 'cutAfterEvents:2,fin', '--every', '2'];
    const terminal = await running(args, async (vendors) => {
      const client = clientOf(vendors.deepseek);
      const ask = () => client.chat.completions.stream({ messages }).finalCompletion();
      await ask();
      const error = await ask().catch((each: unknown) => each);
      expect(isChatError(error, 'stream_interrupted')).toBe(true);
    });

    expect(terminal.err.split('\n')).toEqual([
      'deepseek POST /chat/completions',
      'deepseek POST /chat/completions: cut by noDone cutAfterEvents:2,fin',
      '',
    ]);
  });

  test('tells of an answer that is faulty and not cut that it is faulty', async () => {
    const terminal = await running(['--fault', 'noDone'], async (vendors) => {
      await clientOf(vendors.vtrix).chat.completions.create({ messages });
    });

    expect(terminal.err).toBe('vtrix POST /llm/chat/completions: made faulty by noDone\n');
  });

  test("answers with the vendor's errors", async () => {
    const terminal = await running(['--error', 'rate_limit'], async (vendors) => {
      const failing = clientOf(vendors.deepseek).chat.completions.create({ messages });
      await expect(failing).rejects.toMatchObject({ code: 'rate_limit', status: 429 });
    });

    expect(terminal.err).toBe('deepseek POST /chat/completions: error rate_limit\n');
  });

  test.each([
    [['--fault', 'nonsense'], 'There is no fault "nonsense". The faults are '],
    [['--error', 'nonsense'], 'it must be missing_key, authentication, '],
    [['--port', '70000'], '--port must be a whole number from 0 to 65535.'],
    [['--fault', 'oneWrite', '--fault', 'noDone'], 'cannot use this order'],
  ])('%s is not understood', async (args, sentence) => {
    const { code, out, err } = await run(['emulator', ...args]);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(sentence);
  });

  test('lists its faults', async () => {
    const { out } = await run(['emulator', '--list-faults']);

    expect(out.split('\n')).toContain('cutAfterEvents');
    expect(out.split('\n')).not.toContain('compose');
  });
});

describe('gateway', () => {
  test.each([
    [[], {}, 'A token is required: set GATEWAY_TOKEN, or give --token.'],
    [['--token', ' '], {}, 'A token is required'],
    [[], { GATEWAY_TOKEN: 't' }, 'No key of a vendor is set.'],
    [
      ['--vendor', 'vtrix'],
      { GATEWAY_TOKEN: 't' },
      'There is no key for Vtrix: set VTRIX_API_KEY.',
    ],
  ])('%s does not start with %o', async (args, env, sentence) => {
    const { code, out, err } = await run(['gateway', ...args], env);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(sentence);
  });

  test('serves whoever has the token, and tells of requests without what they say', async () => {
    const terminal = screen({ GATEWAY_TOKEN: 'right' });
    const ended = main(['gateway', '--emulator', '--port', '0'], terminal);
    await vi.waitFor(() => expect(terminal.out).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\n$/));
    const ask = (token: string) =>
      fetch(`${terminal.out.trim()}/chat/completions?secret=1`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ messages: [{ role: 'user', content: 'A secret question' }] }),
      });

    expect((await ask('wrong')).status).toBe(401);
    const response = await ask('right');
    const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
    expect(choices[0]?.message.content).toContain('You said');
    terminal.stop();
    expect(await ended).toBe(0);
    expect(terminal.err).toMatch(/POST \/v1\/chat\/completions 401 \d+ ms\n.* 200 \d+ ms\n/);
    expect(terminal.err).not.toContain('secret');
  });

  test('says that a port is in use', async () => {
    const first = screen({ GATEWAY_TOKEN: 't' });
    const ended = main(['gateway', '--emulator', '--port', '0'], first);
    await vi.waitFor(() => expect(first.out).not.toBe(''));
    const port = new URL(first.out.trim()).port;

    const { code, err } = await run(['gateway', '--emulator', '--port', port], {
      GATEWAY_TOKEN: 't',
    });
    expect(code).toBe(2);
    expect(err).toContain(`Port ${port} is in use.`);
    first.stop();
    await ended;
  });
});
