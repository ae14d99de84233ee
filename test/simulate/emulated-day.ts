import type { Transport } from 'deepseek-v4-flash';
import type {
  EmulatorReply,
  EmulatorRequest,
  EmulatorWrite,
  PlayedResponse,
} from 'deepseek-v4-flash/testing';
import { createEmulator, faults } from 'deepseek-v4-flash/testing';
import { seededRandom } from '../kit/random.ts';
import type { SimulatedVendor } from './vendors.ts';
import { costOf, drawFirstContentMs, vendors } from './vendors.ts';
import type { Trouble, Weather } from './weather.ts';
import { drawEnd } from './weather.ts';

/** Six vendors on a day, and what they have been asked. */
export interface EmulatedDay {
  transport: Transport;
  /** Requests that arrived, and what is billed for them, in millionths of a millionth of a US dollar. */
  readonly billed: { requests: number; cost: number };
}

const pieces = 12;
/** Between two pieces of an answer. */
const pieceMs = 100;
/** Until a refusal is here. */
const refusalMs = 60;
export const promptTokens = 400;
export const answerTokens = 300;
export const content = Array.from({ length: pieces }, (_each, at) => `word-${at}`).join(' ');

/** What each call draws is its own, whoever is asked before: so that all policies meet the same luck. */
function randomOf(seed: number, vendor: number, call: number, nth: number): () => number {
  return seededRandom((((seed * 31 + vendor) * 100_003 + call) * 17 + nth) | 0);
}

export function emulateDay(
  weather: Map<string, Weather>,
  { seed, startMs }: { seed: number; startMs: number },
): EmulatedDay {
  const billed = { requests: 0, cost: 0 };
  const asked = new Map<string, number>();
  const answer = (request: EmulatorRequest): EmulatorReply => {
    const at = vendors.findIndex(({ name }) => name === request.provider);
    const vendor = vendors[at] as SimulatedVendor;
    const call = Number(request.headers['x-call']);
    const key = `${call}:${at}`;
    const nth = asked.get(key) ?? 0;
    asked.set(key, nth + 1);
    const random = randomOf(seed, at, call, nth);
    const nowMs = Date.now() - startMs;
    const conditions = weather.get(vendor.name) as Weather;
    billed.requests++;
    const refusal = refusalIn(conditions(nowMs), random);
    if (refusal !== undefined) return refusal;
    const isSlow = conditions(nowMs) === 'slow';
    const firstMs = drawFirstContentMs(vendor, random) * (isSlow ? 10 : 1);
    const isCut = conditions(nowMs) === 'cut streams' && random() < 0.5;
    const cutAt = isCut ? Math.floor(random() * pieces) : Infinity;
    const end = drawEnd(random);
    const plan = { firstMs, nowMs, cutAt, end, isDown: (ms: number) => conditions(ms) === 'down' };
    return {
      answer: {
        content,
        reasoning_content: '',
        usage: { prompt_tokens: promptTokens, completion_tokens: answerTokens },
      },
      fault(response) {
        const { played, share } = paced(response, plan);
        billed.cost += costOf(vendor, promptTokens, Math.ceil(answerTokens * share));
        return played;
      },
    };
  };
  return { transport: createEmulator({ answer }).transport, billed };
}

function refusalIn(trouble: Trouble | undefined, random: () => number): EmulatorReply | undefined {
  if (trouble === 'down') {
    return random() < 0.5 ? late({ error: 'bad_gateway' }) : faults.noAnswer('reset');
  }
  if (trouble === 'no credit') return late({ error: 'insufficient_balance' });
  if (trouble === '429 without' && random() < 0.7) return late({ error: 'rate_limit' });
  if (trouble === '429 with Retry-After' && random() < 0.7) {
    return late({ error: 'rate_limit', headers: { 'retry-after': '5' } });
  }
  return undefined;
}

const late = (answer: Extract<EmulatorReply, { error: unknown }>): EmulatorReply => ({
  answer,
  fault: (response) => ({ ...response, writes: [{ delayMs: refusalMs }, ...response.writes] }),
});

interface Plan {
  firstMs: number;
  nowMs: number;
  /** The piece before which the answer is cut off. */
  cutAt: number;
  end: 'reset' | 'fin';
  isDown(atMs: number): boolean;
}

/** The answer at the vendor's pace, and how much of it was made before it broke off. */
function paced(response: PlayedResponse, { firstMs, nowMs, cutAt, end, isDown }: Plan) {
  const writes: EmulatorWrite[] = [];
  let atMs = nowMs;
  let piece = 0;
  for (const write of response.writes) {
    if (typeof write === 'string' && write.includes('word-')) {
      const delayMs = piece === 0 ? firstMs : pieceMs;
      atMs += delayMs;
      writes.push({ delayMs });
      if (piece === cutAt || isDown(atMs)) {
        writes.push(end);
        return { played: { ...response, writes }, share: piece / pieces };
      }
      piece++;
    }
    writes.push(write);
  }
  return { played: { ...response, writes }, share: 1 };
}
