import { z } from "zod";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  full: z
    .boolean()
    .default(false)
    .describe("Every row again; else the visits of patients whose Silver rows changed since the last build"),
  strict: z.boolean().default(false).describe("A gate that fails fails the job"),
});

export const goldBuild = defineJob({
  kind: "gold-build",
  pool: "gold-build",
  summary: "Build gold.encounter_summary from Silver",
  input: Input,
  checkpoint: z.never(),
  attempts: 3,
  backoffMs: 5_000,
  timeoutMs: 2 * 60 * 60_000,
  exclusive: () => "gold.encounter_summary",
  load: () => import("./run.ts"),
});
