import { z } from "zod";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({});

export const analyzeErrors = defineJob({
  kind: "analyze-errors",
  pool: "observer",
  summary: "Group failures by what they have in common, and find what mended them",
  input: Input,
  checkpoint: z.undefined(),
  attempts: 3,
  backoffMs: 5_000,
  timeoutMs: 30 * 60_000,
  exclusive: () => "all",
  load: () => import("./run.ts"),
});
