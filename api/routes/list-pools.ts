import { z } from "zod";
import { listWorkers } from "../../queues/heartbeats.ts";
import { allPoolStatus } from "../../queues/pool-status.ts";
import { defineRoute } from "../define-route.ts";
import { Pool, poolReply } from "../pool-reply.ts";

export const listPools = defineRoute({
  summary: "Every pool: what waits and runs, how fast it goes, how old the oldest is, who works",
  method: "get",
  path: "/pools",
  role: "read",
  status: 200,
  reply: z.strictObject({ pools: z.array(Pool) }).meta({ id: "Pools" }),
  async handle({ queues }) {
    const [pools, workers] = await Promise.all([allPoolStatus(queues), listWorkers(queues)]);
    return { pools: pools.map((status) => poolReply(status, workers)) };
  },
});
