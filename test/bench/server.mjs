// The server, a process of its own: raw sockets and bytes made beforehand, so that it is never what is measured.
// Each path begins with the scenario to answer with.

import { createServer } from 'node:net';
import {
  decodeScenario,
  renderEnding,
  renderStamped,
  renderStream,
  renderWhole,
  responseHead,
} from './wire.mjs';

const rendered = new Map();

function renderOnce(part, render) {
  if (!rendered.has(part)) rendered.set(part, render(decodeScenario(part)));
  return rendered.get(part);
}

/** Splits what a socket sends into requests; tells the path of each. */
function readRequests(socket, onRequest) {
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.latin1Slice();
    for (;;) {
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const head = text.slice(0, headEnd);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      const end = headEnd + 4 + length;
      if (text.length < end) return;
      text = text.slice(end);
      onRequest(head.split(' ', 2)[1]);
    }
  });
}

/** Writes all blocks, no faster than the reader takes them. */
function writeBlocks(socket, blocks) {
  let next = 0;
  const proceed = () => {
    while (next < blocks.length && !socket.destroyed) {
      const isRoom = socket.write(blocks[next]);
      next += 1;
      if (!isRoom) return void socket.once('drain', proceed);
    }
  };
  proceed();
}

// Paced streams are spread over the milliseconds of their period; one timer serves them all.
const paces = new Map();

function createPace(perSecond) {
  const slots = Array.from({ length: Math.round(1_000 / perSecond) }, () => new Set());
  const start = performance.now();
  let served = 0;
  let joined = 0;

  function serve(slot) {
    for (const stream of slot) {
      if (stream.socket.destroyed) slot.delete(stream);
      else if (stream.left > 0) {
        stream.left -= 1;
        stream.socket.write(renderStamped(), 'latin1');
      } else {
        stream.socket.write(renderEnding(), 'latin1');
        slot.delete(stream);
      }
    }
  }

  setInterval(() => {
    const due = performance.now() - start;
    for (; served < due; served += 1) serve(slots[served % slots.length]);
  }, 1);

  return (stream) => {
    slots[joined % slots.length].add(stream);
    joined += 1;
  };
}

function join(socket, { chunks, perSecond }) {
  if (!paces.has(perSecond)) paces.set(perSecond, createPace(perSecond));
  paces.get(perSecond)({ socket, left: chunks });
}

function answer(socket, path) {
  const part = path.split('/')[1];
  const scenario = decodeScenario(part);
  if (scenario.kind === 'whole') return void socket.write(renderOnce(part, renderWhole));
  socket.write(responseHead);
  if (scenario.kind === 'paced') join(socket, scenario);
  else writeBlocks(socket, renderOnce(part, renderStream));
}

const server = createServer((socket) => {
  socket.setNoDelay(true);
  // A reader that leaves is none of the server's business.
  socket.on('error', () => socket.destroy());
  readRequests(socket, (path) => answer(socket, path));
});

server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () =>
  process.send({ port: server.address().port }),
);

const orders = {
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /** Makes the bytes of an answer before somebody waits for them. */
  prepare: (part) => void renderOnce(part, renderStream),
  forget: (part) => void rendered.delete(part),
};

process.on('message', ({ order, part }) => process.send({ done: orders[order](part) }));
process.on('disconnect', () => process.exit());
