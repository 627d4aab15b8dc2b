import { z } from "zod";

export const ScheduleReply = z
  .strictObject({
    name: z.string(),
    cron: z.string(),
    zone: z.string(),
    kind: z.string(),
    catchUp: z.enum(["last", "none"]).describe("What a starting scheduler does about missed fires"),
    enabled: z.boolean(),
    last: z.strictObject({ slot: z.iso.datetime(), jobId: z.string() }).nullable(),
    next: z.iso.datetime().nullable(),
  })
  .meta({ id: "Schedule" });

export const ScheduleName = z.strictObject({
  name: z.string().min(1).max(100).describe("The schedule's name"),
});
