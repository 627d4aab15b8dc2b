import { enqueue } from "../../queues/enqueue.ts";
import { cohortLand, Input } from "../../workers/cohort-ingest/cohort-land/job.ts";
import { defineRoute } from "../define-route.ts";
import { AcceptedJob, accepted } from "../schemas.ts";

export const landCohorts = defineRoute({
  summary: "Bring bundles of a folder or bucket into Bronze",
  method: "post",
  path: "/cohorts",
  role: "operate",
  body: Input.meta({ id: "LandCohorts" }),
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  handle: async ({ body, queues }) => accepted(await enqueue(queues, cohortLand, body)),
});
