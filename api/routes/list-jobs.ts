import { z } from "zod";
import { jobStates } from "../../queues/job-view.ts";
import { listJobs as list } from "../../queues/jobs.ts";
import { defineRoute } from "../define-route.ts";
import { JobReply, jobReply, Page, PoolNameParam } from "../schemas.ts";

export const listJobs = defineRoute({
  summary: "Jobs, newest first",
  method: "get",
  path: "/jobs",
  role: "read",
  query: z.strictObject({
    pool: PoolNameParam.optional(),
    state: z.enum(jobStates).optional().describe("Only jobs in this state"),
    ...Page,
  }),
  status: 200,
  reply: z
    .strictObject({
      jobs: z.array(JobReply),
      total: z.int().describe("How many there are in all"),
      next: z.string().nullable().describe("The path of the next page"),
    })
    .meta({ id: "JobPage" }),
  async handle({ query, queues }) {
    const { pool, state, offset, limit } = query;
    const selection = { ...(pool && { pool }), ...(state && { state }) };
    const { jobs, total } = await list(queues, { ...selection, offset, limit });
    const after = new URLSearchParams({ ...selection, offset: String(offset + limit), limit: String(limit) });
    const next = offset + limit < total ? `/jobs?${after}` : null;
    return { jobs: jobs.map(jobReply), total, next };
  },
});
