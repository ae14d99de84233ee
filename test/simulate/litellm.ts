import { isChatError } from 'deepseek-v4-flash';
import type { MakeCall } from './policies.ts';

// LiteLLM's router as it is documented (https://docs.litellm.ai/docs/routing, as read on 2026-11-25): a deployment is drawn
// at random; a failure before the first content is tried again, at once while another deployment is left; 429, 401, 404 and
// 408 cool a deployment at once, others after more than `allowed_fails` of 3 in a minute or more than half of at least five
// calls of the minute; a cooldown is 5 seconds; with everybody in cooldown the call fails.

const allowedFails = 3;
const cooldownMs = 5_000;
const retries = 2;
const coolsAtOnce: readonly unknown[] = [429, 401, 404, 408];

interface Deployment {
  call: MakeCall;
  coolUntilMs: number;
  minute: number;
  calls: number;
  fails: number;
}

export function likeLiteLLM(calls: readonly MakeCall[], random: () => number): MakeCall {
  const deployments = calls.map((call): Deployment => ({
    call,
    coolUntilMs: 0,
    minute: 0,
    calls: 0,
    fails: 0,
  }));
  return async (call) => {
    for (let attempt = 0; ; attempt++) {
      const healthy = deployments.filter(({ coolUntilMs }) => coolUntilMs <= Date.now());
      const chosen = healthy[Math.floor(random() * healthy.length)];
      if (chosen === undefined) throw new Error('No deployments available');
      let hasBegun = false;
      const gotContent = (): void => {
        hasBegun = true;
        call.gotContent();
      };
      try {
        const answer = await chosen.call({ ...call, gotContent });
        count(chosen, false);
        return answer;
      } catch (error) {
        count(chosen, true);
        coolIfNeeded(chosen, error);
        if (hasBegun || attempt === retries) throw error;
        if (healthy.length === 1) await pause(500 * 2 ** attempt * (0.5 + random() / 2));
      }
    }
  };
}

function count(deployment: Deployment, isFailure: boolean): void {
  const minute = Math.floor(Date.now() / 60_000);
  if (deployment.minute !== minute) Object.assign(deployment, { minute, calls: 0, fails: 0 });
  deployment.calls++;
  if (isFailure) deployment.fails++;
}

function coolIfNeeded(deployment: Deployment, error: unknown): void {
  const { calls, fails } = deployment;
  const isTooMany = fails > allowedFails || (calls >= 5 && fails * 2 > calls);
  const status = isChatError(error) ? error.status : undefined;
  if (isTooMany || coolsAtOnce.includes(status)) deployment.coolUntilMs = Date.now() + cooldownMs;
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
