import { z } from "zod";
import { IndexName } from "../../../data/vectors/index-definition.ts";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  index: IndexName,
  number: z.int().describe("The refresh that it is a part of"),
  first: z.int().describe("The first of the refresh's contents that it embeds"),
  last: z.int().describe("The first that it leaves to the next part"),
});

export const embeddingBatch = defineJob({
  kind: "embedding-batch",
  pool: "embedding",
  summary: "Embed one range of what a refresh of a vector index found missing",
  input: Input,
  checkpoint: z.never(),
  /** A model server may be away for a while: with doubling pauses this is most of three hours. */
  attempts: 12,
  backoffMs: 3_000,
  timeoutMs: 2 * 60 * 60 * 1_000,
  load: () => import("./run.ts"),
});
