import { z } from "zod";
import { defineJob } from "../../workers/define-job.ts";

/** Nobody does it: what is measured is the asking. */
export const errand = defineJob({
  kind: "errand",
  pool: "observer",
  summary: "Wait in a queue",
  input: z.strictObject({ cohort: z.string(), part: z.number() }),
  checkpoint: z.strictObject({}),
  attempts: 3,
  backoffMs: 1_000,
  timeoutMs: 60_000,
  key: ({ cohort, part }) => `${cohort} ${part}`,
  load: async () => ({ run: async () => ({}) }),
});
