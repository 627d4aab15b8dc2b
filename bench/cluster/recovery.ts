import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { enqueue } from "../../queues/enqueue.ts";
import { pools } from "../../queues/pools.ts";
import { openQueues } from "../../queues/queues.ts";
import { step } from "../../test/workers/fixtures/kinds.ts";
import { WorkerProcess } from "../../test/workers/fixtures/worker.ts";

export interface RecoveryFigure {
  readonly limits: "light" | "heavy";
  readonly lockMs: number;
  /** From the kill to the second start of the job, in another process. */
  readonly recoveryMs: number;
}

/** How long work lies still when the process that does it is killed, under the limits of a pool as they are. */
export async function measureRecovery(redisUrl: string, limits: "light" | "heavy"): Promise<RecoveryFigure> {
  const { lockMs, stalledCheckMs } = limits === "light" ? pools.observer : pools["silver-merge"];
  const dir = await mkdtemp(join(tmpdir(), "millrace-recovery-"));
  const address = { redisUrl, prefix: `bench-${randomUUID()}` };
  try {
    await using queues = openQueues(address, { role: "worker" });
    await using victim = await WorkerProcess.start(address, dir, { lockMs, stalledCheckMs });
    await enqueue(queues, step, { dir, name: "job", waits: "obeying" });
    await line(dir, "job waits");
    await using _other = await WorkerProcess.start(address, dir, { lockMs, stalledCheckMs });

    victim.signal("SIGKILL");
    const from = performance.now();
    await line(dir, "job end");
    return { limits, lockMs, recoveryMs: Math.round(performance.now() - from) };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function line(dir: string, wanted: string): Promise<void> {
  for (;;) {
    const history = await readFile(join(dir, "history"), "utf8").catch(() => "");
    if (history.split("\n").includes(wanted)) return;
    await pause(20);
  }
}
