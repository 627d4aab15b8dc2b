import { z } from "zod";
import { silverNames } from "../../../data/clinical/silver/tables.ts";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  refresh: z.string().describe("The job whose staged files are merged"),
  table: z.enum(silverNames).describe("The Silver table they are merged into"),
});

export const silverMerge = defineJob({
  kind: "silver-merge",
  pool: "silver-merge",
  summary: "Merge what a refresh has parsed into one Silver table",
  input: Input,
  checkpoint: z.never(),
  attempts: 5,
  backoffMs: 2_000,
  timeoutMs: 2 * 60 * 60_000,
  exclusive: ({ table }) => `silver.${table}`,
  load: () => import("./run.ts"),
});
