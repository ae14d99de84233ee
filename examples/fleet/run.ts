// Many prompts, many processes, one account: npx tsx examples/fleet/run.ts [prompts] [workers]
// Starts Redis, the emulator (or takes DEEPSEEK_API_KEY) and the workers, and draws a line of totals. See README.md here.
const missing: string[] = [];
for (const name of ['bullmq', 'ioredis']) {
  await import(name).catch(() => missing.push(name));
}
if (missing.length > 0) {
  console.error(`The fleet needs ${missing.join(' and ')}: npm install --prefix examples/fleet`);
  process.exit(1);
}
const { runFleet } = await import('./fleet.ts');
const [prompts = '500', workers = '4'] = process.argv.slice(2);
await runFleet(Number(prompts), Number(workers)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
