import { readdir, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

/** The processes of this machine whose environment names the test's own queues. */
export async function processesOf(prefix: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const env = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
      return env.split("\0").includes(`QUEUE_PREFIX=${prefix}`) ? [pid] : [];
    }),
  );
  return found.flat();
}

/** Asks again and again: the end of another's process has no event here. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(50);
}
