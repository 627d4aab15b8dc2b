import { listWorkers, type WorkerHeartbeat } from "../../../queues/heartbeats.ts";
import { allPoolStatus, type PoolStatus } from "../../../queues/pool-status.ts";
import type { CliContext } from "../../context.ts";
import type { Paint } from "../../paint.ts";
import { count, duration } from "../../quantities.ts";

const right = { align: "right" } as const;
const columns = [
  { title: "pool" },
  { title: "state" },
  { title: "workers", ...right },
  { title: "waiting", ...right },
  { title: "active", ...right },
  { title: "delayed", ...right },
  { title: "for parts", ...right },
  { title: "done", ...right },
  { title: "failed", ...right },
  { title: "a minute", ...right },
  { title: "oldest waits", ...right },
];

export async function listPools(context: CliContext): Promise<void> {
  await using cluster = await context.openCluster([]);
  const [pools, workers] = await Promise.all([allPoolStatus(cluster.queues), listWorkers(cluster.queues)]);
  context.output.table({ pools, workers }, columns, (paint) =>
    pools.map((status) => cellsOf(status, workers, paint)),
  );
  const idle = pools.find(
    ({ pool, counts }) => counts.waiting > 0 && !workers.some((w) => w.pools.includes(pool)),
  );
  if (idle)
    context.output.say(`Nobody serves ${idle.pool}: millrace worker --pool ${idle.pool}, or millrace up`);
}

function cellsOf(status: PoolStatus, workers: readonly WorkerHeartbeat[], paint: Paint): string[] {
  const { pool, paused, counts, rates, oldestWaitingMs } = status;
  const serving = workers.filter((worker) => worker.pools.includes(pool)).length;
  const quiet = (value: number, text = count(value)) => (value === 0 ? paint("dim", text) : text);
  return [
    paint("bold", pool),
    paused ? paint("yellow", "paused") : serving > 0 ? paint("green", "served") : paint("dim", "idle"),
    quiet(serving),
    quiet(counts.waiting),
    quiet(counts.active),
    quiet(counts.delayed),
    quiet(counts.waitingChildren),
    quiet(counts.completed),
    counts.failed > 0 ? paint("red", count(counts.failed)) : paint("dim", "0"),
    quiet(rates.completed),
    oldestWaitingMs === null ? "" : duration(oldestWaitingMs),
  ];
}
