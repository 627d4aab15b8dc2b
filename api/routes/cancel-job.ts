import { z } from "zod";
import { cancelJob as cancel } from "../../queues/cancel.ts";
import { defineRoute } from "../define-route.ts";
import { JobId, JobReply, jobReply } from "../schemas.ts";

export const cancelJob = defineRoute({
  summary: "Cancel a job and its parts, waiting or running",
  description: "A job that has ended already is not changed, and the answer is 409.",
  method: "delete",
  path: "/jobs/{id}",
  role: "operate",
  params: z.strictObject({ id: JobId }),
  status: 202,
  reply: JobReply,
  handle: async ({ params, queues }) => jobReply(await cancel(queues, params.id)),
});
