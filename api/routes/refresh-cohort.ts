import { z } from "zod";
import { enqueue } from "../../queues/enqueue.ts";
import { cohortRefresh, Input } from "../../workers/cohort-ingest/cohort-refresh/job.ts";
import { defineRoute } from "../define-route.ts";
import { AcceptedJob, accepted } from "../schemas.ts";

export const Cohort = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .describe("The cohort's label");

export const refreshCohort = defineRoute({
  summary: "Bring Silver, and Gold if asked, up to what lies of a cohort in Bronze",
  method: "post",
  path: "/cohorts/{cohort}/refresh",
  role: "operate",
  params: z.strictObject({ cohort: Cohort }),
  body: Input.omit({ cohorts: true }).meta({ id: "RefreshCohort" }),
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  handle: async ({ params, body, queues }) =>
    accepted(await enqueue(queues, cohortRefresh, { ...body, cohorts: [params.cohort] })),
});
