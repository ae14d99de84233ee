import { ChatError } from '../../outcome/chat-error.ts';
import type { EmulatorFault } from '../emulator/reply.ts';

// Faults of events find nothing where an answer has been cut into bytes, and a fault that finds nothing does nothing: the
// test it is in would pass. An order that cannot work is refused, and not put right: cut and appended to is another answer
// than appended to and cut, and only the test knows which one is meant.

/** What an answer is made of: at first of events, or a whole body; then of bytes; last of the connection's own bytes. */
const forms = ['events', 'bytes', 'connection'] as const;
type Form = (typeof forms)[number];

/** Where a fault may be placed among others. */
export interface Order {
  /** The last form in which it finds what it changes. */
  takes: Form;
  /** The form that it makes of an earlier one; `events` for an answer of its own. Absent: it leaves the form as it is. */
  leaves?: Form | undefined;
}

/** A fault that was made by name. */
interface Step extends Order {
  name: string;
}

/** The steps of each fault, by the function that a reply carries, also where it was given an answer. */
const stepsOf = new WeakMap<EmulatorFault['fault'], readonly Step[]>();

type MakeFault = (...options: never[]) => EmulatorFault;

/** The same functions. What they make has its place in an order. */
export function ordered<All extends Record<string, MakeFault>>(
  all: All,
  orders: { [Name in keyof All]: Order | ((...options: Parameters<All[Name]>) => Order) },
): All {
  const made = Object.entries<MakeFault>(all).map(([name, make]): [string, MakeFault] => {
    const order = orders[name] as Order | ((...options: never[]) => Order);
    return [
      name,
      (...options) => {
        const fault = make(...options);
        const step = typeof order === 'function' ? order(...options) : order;
        stepsOf.set(fault.fault, [{ name, ...step }]);
        return fault;
      },
    ];
  });
  return Object.fromEntries(made) as All;
}

/** Several faults as one. @throws ChatError `invalid_options` for an order in which one of them would find nothing */
export function compose(...all: readonly EmulatorFault[]): EmulatorFault {
  checkOrder(all);
  const answer = all.findLast((each) => each.answer !== undefined)?.answer;
  const fault: EmulatorFault['fault'] = (response) =>
    all.reduce((changed, each) => each.fault(changed), response);
  stepsOf.set(
    fault,
    all.flatMap((each) => stepsOf.get(each.fault) ?? []),
  );
  return answer === undefined ? { fault } : { fault, answer };
}

function checkOrder(all: readonly EmulatorFault[]): void {
  let form: Form = 'events';
  let maker = '';
  for (const [index, { fault }] of all.entries()) {
    // What a test wrote itself takes anything.
    for (const { name, takes, leaves } of stepsOf.get(fault) ?? []) {
      if (isLater(form, takes)) throw wrongOrder(index, name, takes, maker);
      if (leaves === undefined) continue;
      if (isLater(leaves, form)) maker = name;
      if (isLater(leaves, form) || leaves === 'events') form = leaves;
    }
  }
}

function isLater(form: Form, than: Form): boolean {
  return forms.indexOf(form) > forms.indexOf(than);
}

function wrongOrder(index: number, name: string, takes: Form, maker: string): ChatError {
  const why =
    takes === 'events'
      ? `${name} changes events, but ${maker} leaves none`
      : `${name} changes headers or a body, but ${maker} leaves only the bytes of a connection`;
  const message = `faults.compose() cannot use this order: ${why}. Put ${name} before ${maker}`;
  return new ChatError('invalid_options', message, { param: `faults.${index}` });
}
