import { enqueue } from "../../queues/enqueue.ts";
import { goldBuild, Input } from "../../workers/gold-build/gold-build/job.ts";
import { defineRoute } from "../define-route.ts";
import { AcceptedJob, accepted } from "../schemas.ts";

export const buildGold = defineRoute({
  summary: "Build Gold from Silver",
  method: "post",
  path: "/gold",
  role: "operate",
  body: Input.meta({ id: "BuildGold" }),
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  handle: async ({ body, queues }) => accepted(await enqueue(queues, goldBuild, body)),
});
