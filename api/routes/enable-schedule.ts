import { scheduleNamed, switchSchedule } from "../../scheduler/list.ts";
import { defineRoute } from "../define-route.ts";
import { ScheduleName, ScheduleReply } from "../schedule-reply.ts";

export const enableSchedule = defineRoute({
  summary: "Let a schedule run, from its next fire on, in every scheduler",
  method: "post",
  path: "/schedules/{name}/enable",
  role: "admin",
  params: ScheduleName,
  withoutRedis: true,
  status: 200,
  reply: ScheduleReply,
  handle: ({ params, lake, schedules }) =>
    switchSchedule(lake.storage, scheduleNamed(schedules, params.name), true),
});
