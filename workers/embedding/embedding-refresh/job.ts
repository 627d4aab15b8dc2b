import { z } from "zod";
import { IndexName } from "../../../data/vectors/index-definition.ts";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({ index: IndexName });

export type Checkpoint = z.infer<typeof Checkpoint>;
export const Checkpoint = z.strictObject({
  /** Names what this refresh stages. */
  number: z.int(),
  /** The version of the source that it brings, fixed when its plan is staged. */
  sourceVersion: z.int(),
  startedAt: z.number(),
});

export const embeddingRefresh = defineJob({
  kind: "embedding-refresh",
  pool: "embedding",
  summary: "Embed what changed in a vector index's table since its last refresh",
  input: Input,
  checkpoint: Checkpoint,
  attempts: 8,
  backoffMs: 3_000,
  timeoutMs: 12 * 60 * 60 * 1_000,
  exclusive: ({ index }) => `refresh ${index}`,
  load: () => import("./run.ts"),
});
