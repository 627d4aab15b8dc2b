import { z } from "zod";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  refresh: z
    .string()
    .optional()
    .describe("The refresh that asks, whose counts go into the log; unset: the tables as they are"),
  run: z.string().min(1).describe("Tells one validation from another"),
  strict: z.boolean().default(false).describe("A rule that fails fails the job"),
});

export const silverValidate = defineJob({
  kind: "silver-validate",
  pool: "silver-merge",
  summary: "Hold the Silver tables against their rules and log the outcome",
  input: Input,
  checkpoint: z.never(),
  attempts: 3,
  backoffMs: 2_000,
  timeoutMs: 60 * 60_000,
  load: () => import("./run.ts"),
});
