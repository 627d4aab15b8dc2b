import { z } from "zod";
import { listSchedules as list } from "../../scheduler/list.ts";
import { defineRoute } from "../define-route.ts";
import { ScheduleReply } from "../schedule-reply.ts";

export const listSchedules = defineRoute({
  summary: "Everything that runs on a clock, when it last ran and when it will",
  method: "get",
  path: "/schedules",
  role: "read",
  withoutRedis: true,
  status: 200,
  reply: z.strictObject({ schedules: z.array(ScheduleReply) }).meta({ id: "Schedules" }),
  handle: async ({ lake, schedules }) => ({ schedules: await list(lake.storage, schedules) }),
});
