import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { nodeFlags } from "../../cli/processes/node-flags.ts";
import { listWorkers } from "../../queues/heartbeats.ts";
import { openQueues, type QueueAddress } from "../../queues/queues.ts";

const millrace = fileURLToPath(new URL("../../cli/millrace.js", import.meta.url));
const IDLE_MS = 10_000;

export interface MemoryFigure {
  readonly pools: string;
  readonly rssMb: number;
}

/** The resident memory that a worker process, started as `up` and the containers start it, reports of itself when it has had nothing to do for a while. */
export async function measureIdleMemory(
  address: QueueAddress,
  lakeUrl: string,
  poolList: string,
): Promise<MemoryFigure> {
  await using queues = openQueues(address, { role: "worker" });
  const worker = spawn(process.execPath, [...nodeFlags("worker"), millrace, "worker", "--pool", poolList], {
    stdio: "ignore",
    env: {
      REDIS_URL: address.redisUrl,
      QUEUE_PREFIX: address.prefix,
      LAKE_URL: lakeUrl,
    },
  });
  try {
    await pause(IDLE_MS);
    const [heard] = await listWorkers(queues);
    return { pools: poolList, rssMb: Math.round((heard?.rssBytes ?? Number.NaN) / 1024 ** 2) };
  } finally {
    worker.kill("SIGTERM");
    await once(worker, "exit");
  }
}
