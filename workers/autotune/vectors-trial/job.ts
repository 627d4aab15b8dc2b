import { z } from "zod";
import { IndexName } from "../../../data/vectors/index-definition.ts";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  index: IndexName,
  m: z.int().min(2).max(128).default(16),
  efConstruction: z.int().min(4).max(2_000).default(80),
  /** Unset: a sweep of widths, which costs no further build. */
  efSearch: z.int().min(1).max(2_000).optional(),
  seed: z.int().default(42),
  /** Which share of the rows is built over. */
  share: z.number().gt(0).max(1).default(1),
});

export const vectorsTrial = defineJob({
  kind: "vectors-trial",
  pool: "autotune",
  summary: "Build one setting of an index aside and write down how well and how fast it finds",
  input: Input,
  checkpoint: z.never(),
  attempts: 3,
  backoffMs: 5_000,
  timeoutMs: 12 * 60 * 60 * 1_000,
  key: (input) => JSON.stringify(input),
  load: () => import("./run.ts"),
});
