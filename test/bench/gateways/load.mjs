// Requests over raw sockets, so that whoever asks costs little: so many connections, each with the next request when it has
// its answer. `measureLoad` gives the latencies in microseconds, in ascending order, and the time of all.

import { connect } from 'node:net';

/** Finds the end of an answer that is counted or in chunks. */
function createEndFinder() {
  let head = '';
  let left = -1;
  let tail = '';
  return (bytes) => {
    if (left < 0 && tail === '') {
      head += bytes.latin1Slice();
      const headEnd = head.indexOf('\r\n\r\n');
      if (headEnd < 0) return undefined;
      const status = Number(head.slice(9, 12));
      if (status !== 200) throw new Error(head);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      if (length === undefined) tail = ` ${head.slice(headEnd + 4)}`.slice(-5);
      else left = Number(length) - (head.length - headEnd - 4);
      if (left === 0 || (left < 0 && tail === '0\r\n\r\n')) return reset();
      return undefined;
    }
    if (left > 0) {
      left -= bytes.length;
      return left === 0 ? reset() : undefined;
    }
    tail = (tail + bytes.subarray(-5).latin1Slice()).slice(-5);
    return tail === '0\r\n\r\n' ? reset() : undefined;
  };
  function reset() {
    head = '';
    left = -1;
    tail = '';
    return true;
  }
}

async function work({ port, request, latencies, next }) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('connect', () => {
      const isEnd = createEndFinder();
      let sentAt = 0;
      const ask = () => {
        if (!next()) return void socket.end(resolve);
        sentAt = performance.now();
        socket.write(request);
      };
      socket.on('data', (bytes) => {
        try {
          if (isEnd(bytes) !== true) return;
        } catch (error) {
          return reject(error);
        }
        latencies.push((performance.now() - sentAt) * 1_000);
        ask();
      });
      ask();
    });
  });
}

export async function measureLoad({ port, path, headers, body, calls, atOnce }) {
  const lines = {
    host: `127.0.0.1:${port}`,
    'content-length': Buffer.byteLength(body),
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = Buffer.from(`POST ${path} HTTP/1.1\r\n${head.join('')}\r\n${body}`);
  const latencies = [];
  let left = calls;
  const next = () => left-- > 0;
  const start = performance.now();
  await Promise.all(Array.from({ length: atOnce }, () => work({ port, request, latencies, next })));
  return {
    milliseconds: performance.now() - start,
    latencies: latencies.toSorted((a, b) => a - b),
  };
}
