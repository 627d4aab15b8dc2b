import type { Worker } from "bullmq";
import type { RunningJobs } from "./running-jobs.ts";

/**
 * A process that is cut off from Redis is told nothing, also not that its locks have ended: so it counts for itself. What it
 * could not renew for as long as a lock lasts may run elsewhere by now, and is stopped here.
 */
export function watchLocks(worker: Worker, lockMs: number, running: RunningJobs): void {
  const renewedAt = new Map<string, number>();
  const renew = (id: string) => renewedAt.set(id, performance.now());
  worker.on("active", ({ id = "" }) => renew(id));
  worker.on("locksRenewed", ({ jobIds }) => jobIds.forEach(renew));
  const timer = setInterval(() => {
    const ended = performance.now() - lockMs;
    for (const [id, at] of renewedAt) {
      if (at < ended) running.stop(id, "lock-lost");
      if (at < ended || !running.has(id)) renewedAt.delete(id);
    }
  }, lockMs / 4).unref();
  worker.on("closed", () => clearInterval(timer));
}
