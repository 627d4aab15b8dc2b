import { z } from "zod";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  settleMs: z
    .int()
    .nonnegative()
    .default(10_000)
    .describe("A folder is taken when none of its files is younger than this"),
});

export const cohortSense = defineJob({
  kind: "cohort-sense",
  pool: "cohort-ingest",
  summary: "Take the settled cohort folders of the lake's inbox through Silver and Gold, once each",
  input: Input,
  checkpoint: z.never(),
  attempts: 3,
  backoffMs: 5_000,
  timeoutMs: 6 * 60 * 60_000,
  exclusive: () => "inbox",
  load: () => import("./run.ts"),
});
