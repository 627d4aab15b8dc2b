import { z } from "zod";
import { replayDeadLetter as replay } from "../../queues/retry.ts";
import { defineRoute } from "../define-route.ts";
import { AcceptedJob, accepted, JobId } from "../schemas.ts";

export const replayDeadLetter = defineRoute({
  summary: "Run failed work again and drop its letter",
  method: "post",
  path: "/dead-letters/{id}/replay",
  role: "operate",
  params: z.strictObject({ id: JobId }),
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  handle: async ({ params, queues }) => accepted(await replay(queues, params.id)),
});
