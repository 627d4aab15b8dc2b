import { z } from "zod";
import { HnswSetting } from "../../../data/vectors/generation.ts";
import { IndexName } from "../../../data/vectors/index-definition.ts";
import { defineJob } from "../../define-job.ts";

const { m, efConstruction, efSearch, seed } = HnswSetting.shape;

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  index: IndexName,
  m: m.default(16),
  efConstruction: efConstruction.default(80),
  efSearch: efSearch.optional().describe("Unset: a sweep of widths, which costs no further build"),
  seed: seed.default(42),
  share: z.number().gt(0).max(1).default(1).describe("Which share of the rows is built over"),
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
  load: () => import("./run.ts"),
});
