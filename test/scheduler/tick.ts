import { randomUUID } from "node:crypto";
import { z } from "zod";
import { on } from "../../scheduler/schedule.ts";
import { defineJob } from "../../workers/define-job.ts";

function tickJob(kind: string, key: () => string) {
  return defineJob({
    kind,
    pool: "maintenance",
    summary: "Tick",
    input: z.strictObject({}),
    checkpoint: z.strictObject({}),
    attempts: 1,
    backoffMs: 10,
    timeoutMs: 10_000,
    key,
    load: async () => ({ run: async () => ({}) }),
  });
}

export const tick = tickJob("tick", () => "tick");
/** The negative control: no two requests for it are the same, whatever slot they stand for. */
export const stray = tickJob("stray", randomUUID);

export const everySecond = on({ name: "every-second", cron: "* * * * * *", catchUp: "none" }, tick, {});
export const straySecond = on({ name: "every-second", cron: "* * * * * *", catchUp: "none" }, stray, {});
