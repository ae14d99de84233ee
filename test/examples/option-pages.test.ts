import type {
  BulkOptions,
  ChatCompletionCreateParamsBase,
  Hooks,
  ProviderEntry,
  RunToolsParams,
  ToResponseInit,
} from 'deepseek-v4-flash';
import { describe, expect, test } from 'vitest';
import { callOptionNames, clientOptionNames, defaults } from '../../src/options/options.ts';
import { firstCellsOf, readPage } from '../kit/markdown.ts';

// The pages are complete where they list options.

/** Names that a page has to have, which the compiler keeps complete. */
type Names<Options> = Record<keyof Options, true>;

const ofRuns = {
  maxSteps: true,
  concurrency: true,
  approve: true,
  approvals: true,
  onToolError: true,
  stopWhen: true,
  context: true,
} satisfies Names<Omit<RunToolsParams, keyof ChatCompletionCreateParamsBase>>;
const ofResponses = {
  keepAliveMs: true,
  onDisconnect: true,
  onError: true,
  transform: true,
  report: true,
  status: true,
  headers: true,
} satisfies Names<ToResponseInit>;
const ofBulk = {
  params: true,
  schema: true,
  concurrency: true,
  maxCostUsd: true,
  journal: true,
  key: true,
  onProgress: true,
  total: true,
  signal: true,
  offPeak: true,
  call: true,
} satisfies Names<BulkOptions<unknown, unknown>>;
const ofEntries = {
  name: true,
  provider: true,
  apiKey: true,
  baseURL: true,
  allowHttp: true,
  headers: true,
  pricing: true,
  timeout: true,
  transport: true,
  concurrency: true,
} satisfies Names<ProviderEntry>;
const ofHooks = {
  onRequest: true,
  onResponse: true,
  onRetry: true,
  onEnd: true,
} satisfies Names<Hooks>;

describe('every option has a line on its page', async () => {
  const options = await readPage('src/options/README.md');
  const rows = firstCellsOf(options);

  test.each([
    ['of a client', clientOptionNames],
    ['of a call', callOptionNames],
    ['for time', Object.keys(defaults.timeout)],
    ['for memory', Object.keys(defaults.limits)],
  ])('%s', (_, names) => {
    expect(rows).toEqual(expect.arrayContaining(names));
  });

  test('and there is no line about another one', () => {
    const known = [clientOptionNames, callOptionNames, defaults.timeout, defaults.limits].flatMap(
      (names) => (Array.isArray(names) ? names : Object.keys(names)),
    );
    expect([...new Set(rows)].toSorted()).toEqual(
      [...new Set([...known, 'timeout.', 'limits.'])].toSorted(),
    );
  });

  test.each([
    ['of a run of tools', 'src/tools/README.md', ofRuns],
    ['of a response', 'src/stream/README.md', ofResponses],
    ['of many answers', 'src/failover/README.md', ofBulk],
  ])('%s', async (_, path, names) => {
    const cells = firstCellsOf(await readPage(path)).map((cell) => cell.split(/[(:]/)[0]);
    expect(cells).toEqual(expect.arrayContaining(Object.keys(names)));
  });

  test('of one of several vendors, and of hooks', async () => {
    const failover = await readPage('src/failover/README.md');
    const entry = /entries `\{ (.*?) \}`/.exec(failover)?.[1]?.replace('?', '').split(', ');
    expect(entry?.toSorted()).toEqual(Object.keys(ofEntries).toSorted());
    for (const hook of Object.keys(ofHooks)) expect(options).toContain(`\`${hook}\``);
  });
});
