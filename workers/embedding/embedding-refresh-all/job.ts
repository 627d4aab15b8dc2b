import { z } from "zod";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({});

export const embeddingRefreshAll = defineJob({
  kind: "embedding-refresh-all",
  pool: "embedding",
  summary: "Ask for the refresh of every vector index",
  input: Input,
  checkpoint: z.never(),
  attempts: 5,
  backoffMs: 5_000,
  timeoutMs: 10 * 60_000,
  load: () => import("./run.ts"),
});
