import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('..', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));
// undici is what a Node program has outside; the others are what xsai would load if they were there.
const external = ['undici', 'effect', 'sury', '@valibot/to-json-schema', 'valibot', 'arktype'];

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

// What a program that streams has to bundle.
const programs = [
  {
    subject: 'ours-fetch',
    label: 'deepseek-v4-flash (`createClient`, `fetchTransport`)',
    code: "export { createClient, fetchTransport } from '../../dist/index.js'",
  },
  { subject: 'openai', label: 'openai', code: "export { default } from 'openai'" },
  {
    subject: 'ai',
    label: 'ai + @ai-sdk/deepseek (`streamText`, `generateText`)',
    code: "export { streamText, generateText } from 'ai'; export { createDeepSeek } from '@ai-sdk/deepseek'",
  },
  {
    subject: 'langchain',
    label: '@langchain/deepseek (`ChatDeepSeek`)',
    code: "export { ChatDeepSeek } from '@langchain/deepseek'",
  },
  {
    subject: 'openrouter',
    label: '@openrouter/sdk (`OpenRouter`)',
    code: "export { OpenRouter } from '@openrouter/sdk'",
  },
  {
    subject: 'xsai',
    label: 'xsai (`streamText`, `generateText`)',
    code: "export { streamText, generateText } from 'xsai'",
  },
];

async function bundle({ subject, label, code }) {
  try {
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: here },
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'node',
      external,
      logLevel: 'silent',
    });
    const [{ contents }] = outputFiles;
    const gzipped = gzipSync(contents, { level: 9 }).length;
    return {
      subject,
      label,
      values: { minified: contents.length / 1_000, gzipped: gzipped / 1_000 },
      ratios: {},
    };
  } catch (error) {
    return { subject, label, failed: error.errors?.[0]?.text ?? error.message };
  }
}

async function packedSize() {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)(npm, args, { cwd: root });
  const [{ size, unpackedSize }] = Object.values(JSON.parse(stdout));
  return { size, unpackedSize };
}

export async function sizes() {
  const rows = [];
  for (const program of programs) rows.push(await bundle(program));
  const { size, unpackedSize } = await packedSize();
  const kilobytes = (bytes) => Math.round(bytes / 1_000).toLocaleString('en');
  return {
    title: 'Bundle size',
    about:
      'With esbuild, undici left outside. Our package itself is ' +
      `${kilobytes(size)} kB packed and ${kilobytes(unpackedSize)} kB unpacked, without dependencies.`,
    units: { gzipped: 'kB', minified: 'kB' },
    rows,
    packed: { size, unpackedSize },
  };
}
