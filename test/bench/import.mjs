// Imports what it is told, and tells when that was done: `node import.mjs name…`

for (const name of process.argv.slice(2)) await import(name);
const { user, system } = process.cpuUsage();
const at = Number(process.hrtime.bigint()) / 1_000;
console.log(JSON.stringify({ at, cpuMicroseconds: user + system }));
process.exit();
