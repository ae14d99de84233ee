import type { ClientOptions, ProviderId } from 'deepseek-v4-flash';

type Pricing = NonNullable<ClientOptions['pricing']>;

/** A vendor of the simulated day. How fast and how dear it is was made up here, and is not what the real one is. */
export interface SimulatedVendor {
  name: ProviderId;
  /** Half of its answers begin within this time. */
  firstContentMs: number;
  pricing: Pricing;
}

const priced = (cacheMiss: string, output: string): Pricing => ({
  cacheHit: cacheMiss,
  cacheMiss,
  output,
});

/** In the order of the user. */
export const vendors: readonly SimulatedVendor[] = [
  { name: 'deepseek', firstContentMs: 400, pricing: priced('0.15', '0.60') },
  { name: 'aimlapi', firstContentMs: 450, pricing: priced('0.18', '0.72') },
  { name: 'shortapi', firstContentMs: 600, pricing: priced('0.14', '0.56') },
  { name: 'anyfast', firstContentMs: 500, pricing: priced('0.16', '0.64') },
  { name: 'bytespike', firstContentMs: 550, pricing: priced('0.17', '0.68') },
  { name: 'vtrix', firstContentMs: 700, pricing: priced('0.20', '0.80') },
];

/** How long one answer of a vendor takes to its first content: log-normal, the 99th percentile 2.3 times the median. */
export function drawFirstContentMs({ firstContentMs }: SimulatedVendor, random: () => number) {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return firstContentMs * Math.exp(0.35 * normal);
}

/** US dollars, in millionths of a millionth, so that sums are exact. */
export function costOf({ pricing }: SimulatedVendor, promptTokens: number, answerTokens: number) {
  return (
    Math.round(Number(pricing.cacheMiss) * 1e6) * promptTokens +
    Math.round(Number(pricing.output) * 1e6) * answerTokens
  );
}
