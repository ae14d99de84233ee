// The day of all tests, and of the programs that they start: what a call costs depends on the hour, and on holidays that are
// not known years ahead. Time passes as usual.

const today = Date.UTC(2026, 10, 30, 4, 30);
const offsetMs = today - Number(process.env.TESTS_BEGAN_AT_MS ?? Date.now());
const RealDate = Date;
const now = () => RealDate.now() + offsetMs;

globalThis.Date = new Proxy(
  class Date extends RealDate {
    constructor(...given) {
      if (given.length === 0) super(now());
      else super(...given);
    }

    static now() {
      return now();
    }
  },
  { apply: () => new RealDate(now()).toString() },
);
