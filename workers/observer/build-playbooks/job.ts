import { z } from "zod";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({});

export const buildPlaybooks = defineJob({
  kind: "build-playbooks",
  pool: "observer",
  summary: "Gather what succeeded repeatedly, who can what, and advice for the next run",
  input: Input,
  checkpoint: z.undefined(),
  attempts: 3,
  backoffMs: 5_000,
  timeoutMs: 30 * 60_000,
  exclusive: () => "all",
  load: () => import("./run.ts"),
});
