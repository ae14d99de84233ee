// The share of one worker thread in a measurement.

import { parentPort, workerData } from 'node:worker_threads';
import { run } from './tasks/delivery.mjs';
import { now } from './wire.mjs';

const { subject, ...options } = workerData;
const { connect } = await import(`./subjects/${subject}.mjs`);
const outcome = await run(connect, options, now);
parentPort.postMessage(outcome, []);
