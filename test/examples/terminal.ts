// node --import tsx test/examples/terminal.ts [file]     draws the terminal of the README, by default examples/terminal.svg
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEmulator } from 'deepseek-v4-flash/testing';
import { main } from '../../src/entries/cli/main.ts';
import { processTerminal } from '../../src/entries/cli/terminal.ts';

// What is drawn is what two programs print: the command, and an example. The vendor is emulated, and says what is queued
// here; tokens, money and times are those of the run.

const root = fileURLToPath(new URL('../../', import.meta.url));
const columns = 90;
const question = 'Why is the sky blue?';
const answer = {
  reasoning_content:
    'The user asks about the colour of the sky. Sunlight holds all colours; molecules of air scatter ' +
    'short waves far more than long ones (Rayleigh). Violet is scattered most, but there is less of it ' +
    'and eyes are less sensitive to it. So: blue. Two sentences will do.',
  content:
    'Air scatters short waves of sunlight much more than long ones, so blue light reaches you from every ' +
    'part of the sky. At sunset the light has crossed so much air that mostly red is left.',
};

type Look = 'prompt' | 'plain' | 'dim';
interface Piece {
  text: string;
  look: Look;
}

/** The command, run in this process as in a terminal, with a vendor who is emulated. */
async function recordChat(): Promise<Piece[]> {
  const emulator = await startEmulator({ delayMs: 15 });
  process.env.EMULATOR_URL = emulator.url;
  await import(new URL('emulated-network.mjs', import.meta.url).href);
  emulator.reply(answer);
  const pieces: Piece[] = [];
  const add =
    (look: Look) =>
    (text: string): void =>
      void pieces.push({ text, look });
  const code = await main(['chat', question], {
    ...processTerminal(),
    env: { DEEPSEEK_API_KEY: 'emulated' },
    print: add('plain'),
    tell: add('plain'),
    whisper: add('dim'),
  });
  await emulator.close();
  if (code !== 0) throw new Error(pieces.map(({ text }) => text).join(''));
  return pieces;
}

async function recordCut(): Promise<Piece[]> {
  const args = ['--import', 'tsx', 'examples/cut.ts'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return [{ text: stdout.trimEnd(), look: 'plain' }];
}

/** Lines as a terminal has them: at most so many columns, and no piece of another look in a run of text. */
function toLines(pieces: readonly Piece[]): Piece[][] {
  const lines: Piece[][] = [[]];
  let column = 0;
  const breakLine = (): void => {
    lines.push([]);
    column = 0;
  };
  for (const { text, look } of pieces) {
    for (const word of text.split(/(\n|(?<= ))/)) {
      if (word === '\n') breakLine();
      else {
        if (column > 0 && column + word.trimEnd().length > columns) breakLine();
        lines.at(-1)?.push({ text: word, look });
        column += word.length;
      }
    }
  }
  return lines.map((line) => joinAlike(line));
}

function joinAlike(line: readonly Piece[]): Piece[] {
  const joined: Piece[] = [];
  for (const piece of line) {
    const last = joined.at(-1);
    if (last?.look === piece.look) last.text += piece.text;
    else joined.push({ ...piece });
  }
  return joined.filter(({ text }) => text !== '');
}

const escape = (text: string): string =>
  text.replace(/[&<>]/g, (sign) => `&#${sign.codePointAt(0)};`);

function draw(lines: readonly Piece[][]): string {
  const lineHeight = 19;
  const top = 48;
  const height = top + lines.length * lineHeight + 8;
  const texts = lines.flatMap((line, index) => {
    if (line.length === 0) return [];
    const spans = line.map(({ text, look }) => `<tspan class="${look}">${escape(text)}</tspan>`);
    return `<text x="20" y="${top + 8 + index * lineHeight}">${spans.join('')}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${height}" width="760" height="${height}" role="img" aria-label="A terminal: the model thinks, dimmed, and answers; a second answer breaks off, and the error tells what had arrived">
<style>
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; }
  .window { fill: #f6f8fa; stroke: #d1d9e0; }
  .button { fill: #d1d9e0; }
  .plain { fill: #1f2328; }
  .dim { fill: #6e7781; }
  .prompt { fill: #0969da; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    .window { fill: #151b23; stroke: #3d444d; }
    .button { fill: #3d444d; }
    .plain { fill: #f0f6fc; }
    .dim { fill: #9198a1; }
    .prompt { fill: #4493f8; }
  }
</style>
<rect x="0.5" y="0.5" width="759" height="${height - 1}" rx="8" class="window"/>
<circle cx="22" cy="20" r="5" class="button"/>
<circle cx="40" cy="20" r="5" class="button"/>
<circle cx="58" cy="20" r="5" class="button"/>
${texts.join('\n')}
</svg>
`;
}

const typed = (command: string): Piece[] => [
  { text: '$ ', look: 'dim' },
  { text: `${command}\n`, look: 'prompt' },
];
const lines = toLines([
  ...typed(`npx deepseek-v4-flash chat "${question}"`),
  ...(await recordChat()),
  { text: '\n', look: 'plain' },
  ...typed('npx tsx examples/cut.ts'),
  ...(await recordCut()),
]);
await writeFile(process.argv[2] ?? join(root, 'examples/terminal.svg'), draw(lines));
