import { pausePool, poolStatus, resumePool } from "../../../queues/pool-status.ts";
import type { PoolName } from "../../../queues/pools.ts";
import type { CliContext } from "../../context.ts";

export async function switchPool(
  context: CliContext,
  pool: PoolName,
  verb: "pause" | "resume",
): Promise<void> {
  await using cluster = await context.openCluster([]);
  await (verb === "pause" ? pausePool : resumePool)(cluster.queues, pool);
  const status = await poolStatus(cluster.queues, pool);
  const { waiting, active } = status.counts;
  context.output.result(status, (paint) =>
    status.paused
      ? `${pool} is ${paint("yellow", "paused")}: ${waiting} waiting, ${active} still running. Go on with: millrace pools resume ${pool}`
      : `${pool} takes jobs again: ${waiting} waiting.`,
  );
}
