import { z } from "zod";
import { listChildren as list } from "../../queues/jobs.ts";
import { defineRoute } from "../define-route.ts";
import { JobId, JobReply, jobReply } from "../schemas.ts";

export const listChildren = defineRoute({
  summary: "The parts of a job that are jobs of their own",
  method: "get",
  path: "/jobs/{id}/children",
  role: "read",
  params: z.strictObject({ id: JobId }),
  status: 200,
  reply: z.strictObject({ jobs: z.array(JobReply) }).meta({ id: "JobList" }),
  async handle({ params, queues }) {
    return { jobs: (await list(queues, params.id)).map(jobReply) };
  },
});
