import { z } from "zod";
import { on } from "../../scheduler/schedule.ts";
import { defineJob } from "../../workers/define-job.ts";

export const tick = defineJob({
  kind: "tick",
  pool: "maintenance",
  summary: "Tick",
  input: z.strictObject({}),
  checkpoint: z.strictObject({}),
  attempts: 1,
  backoffMs: 1_000,
  timeoutMs: 10_000,
  key: () => "tick",
  load: async () => ({ run: async () => ({}) }),
});

export const everySecond = on({ name: "every-second", cron: "* * * * * *", catchUp: "last" }, tick, {});
