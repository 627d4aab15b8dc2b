import { z } from "zod";
import { listWorkers } from "../../queues/heartbeats.ts";
import { poolStatus, resumePool as resume } from "../../queues/pool-status.ts";
import { defineRoute } from "../define-route.ts";
import { Pool, poolReply } from "../pool-reply.ts";
import { PoolNameParam } from "../schemas.ts";

export const resumePool = defineRoute({
  summary: "Take jobs of a paused pool again",
  method: "post",
  path: "/pools/{pool}/resume",
  role: "admin",
  params: z.strictObject({ pool: PoolNameParam }),
  status: 200,
  reply: Pool,
  async handle({ params, queues }) {
    await resume(queues, params.pool);
    return poolReply(await poolStatus(queues, params.pool), await listWorkers(queues));
  },
});
