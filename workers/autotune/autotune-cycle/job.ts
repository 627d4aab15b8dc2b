import { z } from "zod";
import { IndexName } from "../../../data/vectors/index-definition.ts";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  index: IndexName,
  targetRecall: z.number().gt(0).max(1).optional().describe("Unset: the index's own"),
  budgetSeconds: z.int().positive().default(1_800).describe("After so long no further trial begins"),
  trialsPerHour: z
    .int()
    .positive()
    .default(24)
    .describe("Builds that the autotuner may make of one index within an hour, whoever asks"),
  cooldownMinutes: z
    .int()
    .min(0)
    .default(12 * 60)
    .describe("So long after its last trial an index whose rows have not changed is left alone"),
  seed: z.int().default(42).describe("With the same journal and seed the next trial is the same"),
});

export type Checkpoint = z.infer<typeof Checkpoint>;
export const Checkpoint = z.strictObject({ startedAt: z.number() });

export const autotuneCycle = defineJob({
  kind: "autotune-cycle",
  pool: "autotune",
  summary: "Look for a better setting of an index and let it serve if it wins twice",
  input: Input,
  checkpoint: Checkpoint,
  attempts: 3,
  backoffMs: 30_000,
  timeoutMs: 6 * 60 * 60 * 1_000,
  exclusive: ({ index }) => `autotune ${index}`,
  load: () => import("./run.ts"),
});
