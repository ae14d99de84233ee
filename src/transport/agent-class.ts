/**
 * undici's Agent alone, which is `#undici-agent` on Node. Loading all of undici takes 110 ms, this 40. The path is
 * undici's own affair; a test of the package finds out should it move.
 */
// @ts-expect-error: has no types of its own
import Undici from 'undici/lib/dispatcher/agent.js';
import type { Agent as AgentType } from 'undici';

export const Agent = Undici as typeof AgentType | undefined;
