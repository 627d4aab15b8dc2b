import { z } from "zod";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({});

export const autotuneAll = defineJob({
  kind: "autotune-all",
  pool: "autotune",
  summary: "Ask for a cycle of tuning for every vector index that a graph serves",
  input: Input,
  checkpoint: z.never(),
  attempts: 5,
  backoffMs: 5_000,
  timeoutMs: 10 * 60_000,
  load: () => import("./run.ts"),
});
