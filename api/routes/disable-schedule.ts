import { scheduleNamed, switchSchedule } from "../../scheduler/list.ts";
import { defineRoute } from "../define-route.ts";
import { ScheduleName, ScheduleReply } from "../schedule-reply.ts";

export const disableSchedule = defineRoute({
  summary: "Keep a schedule from running, also across restarts",
  method: "post",
  path: "/schedules/{name}/disable",
  role: "admin",
  params: ScheduleName,
  withoutRedis: true,
  status: 200,
  reply: ScheduleReply,
  handle: ({ params, lake, schedules }) =>
    switchSchedule(lake.storage, scheduleNamed(schedules, params.name), false),
});
