// One process of the fleet: takes prompts from the queue, asks, and leaves the answers there. `run.ts` starts some; you can
// start more of them, on any machine that reaches the same Redis.
import type { Job } from 'bullmq';
import { RateLimitError, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { ChatError } from 'deepseek-v4-flash';
import { createClient, isChatError } from 'deepseek-v4-flash';
import { redisState } from 'deepseek-v4-flash/redis';
import type { Answer, Prompt, Settings } from './queue.ts';
import { connect, openQueue, queueName, statePrefix } from './queue.ts';

const settings = JSON.parse(process.argv[2] ?? '') as Settings;
const redis = connect(settings.redisUrl);
const state = redisState(redis, { prefix: statePrefix });
const client = createClient({
  ...(settings.baseURL !== undefined && { baseURL: settings.baseURL, apiKey: 'none' }),
  concurrency: settings.accountLimit,
  maxCostUsd: settings.maxCostUsd,
  state,
  // The queue tries again, and knows of it; two who do would multiply.
  maxRetries: 0,
});
const queue = openQueue(redis);
const worker = new Worker<Prompt, Answer>(queueName, answer, {
  connection: redis,
  concurrency: settings.atOnce,
  // Without a limit of its own, however high, a worker does not look whether `queue.rateLimit()` has asked all to wait.
  limiter: { max: 1_000_000, duration: 1_000 },
  // A worker that lives renews its locks, however long an answer takes. The prompts of one that died are free after this.
  lockDuration: 10_000,
  stalledInterval: 5_000,
  // How often a prompt may lose its worker. The default of 1 gives a prompt up at the second crash.
  maxStalledCount: 5,
  settings: { backoffStrategy: (attempts, _type, error) => delayMs(attempts, error) },
});
worker.on('error', () => {});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());

async function answer(job: Job<Prompt, Answer>, token?: string): Promise<Answer> {
  try {
    const completion = await client.chat.completions.create({
      messages: [{ role: 'user', content: job.data.content }],
      max_tokens: 200,
    });
    const { cost } = completion.report;
    return { content: completion.choices[0].message.content, costUsd: cost?.usd };
  } catch (error) {
    throw isChatError(error) ? await toldToQueue(error as ChatError, job, token) : error;
  }
}

/** What every other prompt would fail with too. */
const endsAll = ['budget_exceeded', 'insufficient_balance', 'authentication', 'missing_api_key'];

/** What a failure means to the queue. */
async function toldToQueue(error: ChatError, job: Job, token?: string): Promise<Error> {
  if (endsAll.includes(error.code)) {
    // Nobody takes another prompt until somebody calls queue.resume(); this one waits with the others.
    await queue.pause();
    await job.moveToWait(token);
    return new WaitingError();
  }
  if (!error.retryable) return new UnrecoverableError(`${error.code}: ${error.message}`);
  if (error.code === 'rate_limit') {
    // All workers are asked to wait, and it is not counted as an attempt.
    await queue.rateLimit(error.retryAfterMs ?? 1_000);
    return new RateLimitError();
  }
  return error;
}

/** The wait before another attempt: what the vendor has asked for, else longer each time. */
function delayMs(attempts: number, error: Error | undefined): number {
  const asked = isChatError(error) ? (error as ChatError).retryAfterMs : undefined;
  return asked ?? Math.random() * Math.min(60_000, 500 * 2 ** attempts);
}

async function stop(): Promise<void> {
  // The prompts in hand are finished first.
  await worker.close();
  await state.close();
  await queue.close();
  redis.disconnect();
}
