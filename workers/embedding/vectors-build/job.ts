import { z } from "zod";
import { IndexName } from "../../../data/vectors/index-definition.ts";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  index: IndexName,
  /** Unset: as the generation that serves now, or the default; the width of search is then measured. */
  setting: z
    .strictObject({
      m: z.int().min(2).max(128),
      efConstruction: z.int().min(4).max(2_000),
      efSearch: z.int().min(1).max(2_000).optional(),
      seed: z.int().default(42),
    })
    .optional(),
  /** Builds also where the generation that serves holds the same rows in a file that can be read. */
  force: z.boolean().default(false),
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
  // A build with another setting is other work: it must not be taken for the one that waits.
  key: (input) => JSON.stringify(input),
  exclusive: ({ index }) => `vectors ${index}`,
  load: () => import("./run.ts"),
});
