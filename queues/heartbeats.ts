import { z } from "zod";
import { poolNames } from "./pools.ts";
import type { Queues } from "./queues.ts";
import { reach } from "./reach.ts";

/** Three times what lies between two of them: a worker that missed two is gone, or as good as that. */
const HEARD_WITHIN_MS = 15_000;

/** What a worker process says of itself every few seconds. */
export const WorkerHeartbeat = z
  .strictObject({
    id: z.string(),
    host: z.string(),
    pid: z.number(),
    pools: z.array(z.enum(poolNames)),
    running: z.number(),
    eventLoopLagMs: z.number(),
    rssBytes: z.number(),
    startedAt: z.string(),
    at: z.string(),
  })
  .meta({ id: "WorkerHeartbeat" });
export type WorkerHeartbeat = z.infer<typeof WorkerHeartbeat>;

/** The worker processes heard of in the last 15 seconds. */
export async function listWorkers(queues: Queues): Promise<WorkerHeartbeat[]> {
  return reach(queues, async () => {
    const said = await queues.redis.hgetall(keyOf(queues));
    const heard = Object.values(said).map((text) => WorkerHeartbeat.parse(JSON.parse(text)));
    return heard.filter(({ at }) => Date.now() - Date.parse(at) < HEARD_WITHIN_MS);
  });
}

/** True when a worker process of this machine was heard of lately: what a container's health check asks. */
export async function workerHeard(queues: Queues, host: string): Promise<boolean> {
  return (await listWorkers(queues)).some((worker) => worker.host === host);
}

export async function sayAlive(queues: Queues, heartbeat: WorkerHeartbeat): Promise<void> {
  await queues.redis.hset(keyOf(queues), heartbeat.id, JSON.stringify(heartbeat));
}

export async function sayGoodbye(queues: Queues, id: string): Promise<void> {
  await queues.redis.hdel(keyOf(queues), id);
}

function keyOf({ address }: Queues): string {
  return `${address.prefix}:workers`;
}
