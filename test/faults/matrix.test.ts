import { beforeEach, vi } from 'vitest';
import { closeMatrix } from '../kit/matrix.ts';
import { bodyRows } from './rows-body.ts';
import { callerRows } from './rows-caller.ts';
import { connectRows, headRows } from './rows-connect.ts';
import { statusRows } from './rows-status.ts';
import { contentRows, streamRows } from './rows-stream.ts';

// Every fault that we know of, over real sockets: what comes of it, how often the vendor is asked, what is kept of the
// answer, that the connection is let go, and that no key, prompt or answer is told.

/** Rows that are proved elsewhere, or not at all, and why. */
const leftOut = {
  'C4, certificates':
    'self-signed, expired and wrong ones need keys in the repository; the row is about no TLS at all',
  F1: 'cases of the standard, without a socket: test/unit/sse.test.ts',
  'F5 to F7, at each byte of each vendor': 'test/faults/cut-sweep.test.ts',
  'F17, at 16 MiB': 'at a smaller limit, since the limit is an option',
  'T10, 120,000 fragments': 'work is counted, not timed: test/unit/linear.test.ts',
  'A2, in the queue, while connecting': 'test/transport/sockets.test.ts',
  'A17, a process that is stopped':
    'a socket that is closed meanwhile is the same fault without a child process',
  'HTTP/2': 'is switched off',
};

beforeEach(() => {
  // Waits between attempts are jitter times half a second, and more.
  vi.spyOn(Math, 'random').mockReturnValue(0.02);
});

connectRows();
headRows();
statusRows();
bodyRows();
streamRows();
contentRows();
callerRows();
closeMatrix(Object.keys(leftOut));
