// One measurement, in a process of its own: `node client.mjs '{"subject":…,"task":…}'` prints one line of JSON.

import { now } from './wire.mjs';

const { subject, task, ...options } = JSON.parse(process.argv[2]);
const { connect } = await import(`./subjects/${subject}.mjs`);
const { run } = await import(`./tasks/${task}.mjs`);
const outcome = await run(connect, { ...options, subject }, now);
console.log(JSON.stringify({ ...outcome, maxRssKilobytes: process.resourceUsage().maxRSS }));
// Idle connections would keep some processes alive for seconds.
process.exit();
