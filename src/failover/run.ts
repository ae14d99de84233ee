import type { Begin, Won } from './entry.ts';
import { Race } from './race.ts';
import type { Route } from './route.ts';
import type { MayServe, Turn } from './turn.ts';

/**
 * Asks one vendor after the other until one gives what was asked for; a second one beside the first, where that is wanted
 * and the first one is silent.
 *
 * @param given the first turn, where it is at hand
 * @throws ChatError what ends the call
 */
export async function run<T>(
  route: Route,
  begin: Begin<T>,
  given?: Turn,
  mayServe?: MayServe,
): Promise<Won<T>> {
  const { hedge } = route.rules;
  hedge?.budget.call();
  let first = given;
  for (;;) {
    const turn = first ?? (await route.next(mayServe));
    first = undefined;
    const afterMs = hedge?.afterMs(turn.candidate);
    if (afterMs !== undefined) return new Race(route, begin, mayServe).run(turn, afterMs);
    try {
      const entry = begin(turn);
      const value = await entry.result;
      entry.check?.(value);
      return { turn, value };
    } catch (error) {
      route.failed(turn, error);
    }
  }
}
