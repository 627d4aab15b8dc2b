import { z } from "zod";
import { JobNotFoundError } from "../../queues/errors.ts";
import { findJob } from "../../queues/jobs.ts";
import { defineRoute } from "../define-route.ts";
import { JobId, JobReply, jobReply } from "../schemas.ts";

export const showJob = defineRoute({
  summary: "One job: its state, progress, outcome and where to see more of it",
  method: "get",
  path: "/jobs/{id}",
  role: "read",
  params: z.strictObject({ id: JobId }),
  status: 200,
  reply: JobReply,
  async handle({ params, queues }) {
    const view = await findJob(queues, params.id);
    if (!view) throw new JobNotFoundError(params.id);
    return jobReply(view);
  },
});
