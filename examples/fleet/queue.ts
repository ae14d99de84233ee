// What the command and its workers agree on: the queue, and what is in it.
import type { JobsOptions } from 'bullmq';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

/** A job. */
export interface Prompt {
  content: string;
}

/** Its result, kept in the queue as `job.returnvalue`. */
export interface Answer {
  content: string | null;
  costUsd?: string | undefined;
}

/** What a worker is told. */
export interface Settings {
  redisUrl: string;
  /** The emulator; without it, DeepSeek with the key in DEEPSEEK_API_KEY. */
  baseURL?: string | undefined;
  /** Calls at the same time, of all workers together. */
  accountLimit: number;
  /** What all workers together may spend. */
  maxCostUsd: number;
  /** Prompts that one worker has in hand. */
  atOnce: number;
}

export const queueName = 'prompts';
/** Before the names of what the workers share. */
export const statePrefix = 'fleet';

export type PromptQueue = Queue<Prompt, Answer, string>;

/** BullMQ waits for a Redis that is away, as long as it takes. */
export function connect(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  // It is tried again; an error that nobody listens to would end the process.
  redis.on('error', () => {});
  return redis;
}

export function openQueue(redis: Redis): PromptQueue {
  const queue: PromptQueue = new Queue(queueName, { connection: redis });
  queue.on('error', () => {});
  return queue;
}

/** How a prompt is tried again. */
export const jobOptions: JobsOptions = {
  attempts: 8,
  // The wait before each of them is the worker's to say: it knows the error.
  backoff: { type: 'custom' },
};

/** A prompt has one name, so one that is in the queue already is not added again. */
export async function fill(queue: PromptQueue, prompts: readonly string[]): Promise<void> {
  const size = 1_000;
  for (let from = 0; from < prompts.length; from += size) {
    const jobs = prompts.slice(from, from + size).map((content, at) => ({
      name: 'prompt',
      data: { content },
      opts: { ...jobOptions, jobId: `prompt-${from + at}` },
    }));
    await queue.addBulk(jobs);
  }
}
