import { z } from "zod";
import { HnswSetting } from "../../../data/vectors/generation.ts";
import { IndexName } from "../../../data/vectors/index-definition.ts";
import { defineJob } from "../../define-job.ts";

const { efSearch, seed } = HnswSetting.shape;

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  index: IndexName,
  setting: HnswSetting.extend({
    efSearch: efSearch.optional().describe("Unset: it is measured"),
    seed: seed.default(42),
  })
    .optional()
    .describe("Unset: as the generation that serves now, or the default"),
  force: z
    .boolean()
    .default(false)
    .describe("Build also where the generation that serves holds the same rows in a file that can be read"),
});

export const vectorsBuild = defineJob({
  kind: "vectors-build",
  pool: "embedding",
  summary: "Build an index's next generation aside, verify it and let it serve",
  input: Input,
  checkpoint: z.never(),
  attempts: 3,
  backoffMs: 5_000,
  timeoutMs: 12 * 60 * 60 * 1_000,
  exclusive: ({ index }) => `vectors ${index}`,
  load: () => import("./run.ts"),
});
