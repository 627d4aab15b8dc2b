import { z } from "zod";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  refresh: z.string().describe("The job whose plan this is a chunk of"),
  chunk: z.int().nonnegative().describe("Which chunk of the plan, from 0"),
});

export const cohortParse = defineJob({
  kind: "cohort-parse",
  pool: "cohort-ingest",
  summary: "Take the bundles of one chunk apart into a staged file for each Silver table",
  input: Input,
  checkpoint: z.never(),
  attempts: 4,
  backoffMs: 2_000,
  timeoutMs: 60 * 60_000,
  load: () => import("./run.ts"),
});
