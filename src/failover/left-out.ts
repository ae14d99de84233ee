import { warn } from '../outcome/warn.ts';

const warned = new Set<string>();

/** A vendor that no call can be given to. A process says it once. */
export function warnLeftOut(name: string, why: string): void {
  const key = `${name} ${why}`;
  if (warned.has(key)) return;
  warned.add(key);
  warn(`${name} is left out: ${why}`);
}
