import { z } from "zod";
import { retryJob as retry } from "../../queues/retry.ts";
import { defineRoute } from "../define-route.ts";
import { JobId, JobReply, jobReply } from "../schemas.ts";

export const retryJob = defineRoute({
  summary: "Run a failed job again, with all its attempts",
  description:
    "Parts that are done stay done. A job that has not failed is not changed, and the answer is 409.",
  method: "post",
  path: "/jobs/{id}/retry",
  role: "operate",
  params: z.strictObject({ id: JobId }),
  status: 202,
  reply: JobReply,
  location: (job) => job.links.self,
  handle: async ({ params, queues }) => jobReply(await retry(queues, params.id)),
});
