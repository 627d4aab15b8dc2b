import { runNow } from "../../scheduler/fire.ts";
import { scheduleNamed } from "../../scheduler/list.ts";
import { defineRoute } from "../define-route.ts";
import { ScheduleName } from "../schedule-reply.ts";
import { AcceptedJob, accepted } from "../schemas.ts";

export const runSchedule = defineRoute({
  summary: "Do the work of a schedule now, also while it is disabled",
  method: "post",
  path: "/schedules/{name}/run",
  role: "operate",
  params: ScheduleName,
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  async handle({ params, lake, queues, schedules }) {
    const schedule = scheduleNamed(schedules, params.name);
    return accepted(await runNow({ queues, storage: lake.storage }, schedule));
  },
});
