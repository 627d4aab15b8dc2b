import { z } from "zod";
import { listWorkers } from "../../queues/heartbeats.ts";
import { pausePool as pause, poolStatus } from "../../queues/pool-status.ts";
import { defineRoute } from "../define-route.ts";
import { Pool, poolReply } from "../pool-reply.ts";
import { PoolNameParam } from "../schemas.ts";

export const pausePool = defineRoute({
  summary: "Take no more jobs of a pool; what runs goes on",
  method: "post",
  path: "/pools/{pool}/pause",
  role: "admin",
  params: z.strictObject({ pool: PoolNameParam }),
  status: 200,
  reply: Pool,
  async handle({ params, queues }) {
    await pause(queues, params.pool);
    return poolReply(await poolStatus(queues, params.pool), await listWorkers(queues));
  },
});
