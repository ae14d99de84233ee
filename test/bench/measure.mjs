/** Does some work, and tells what it cost this process. */
export async function measure(work) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMicroseconds: user + system, wallMilliseconds: performance.now() - start };
}
