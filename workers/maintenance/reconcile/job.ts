import { z } from "zod";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({});

export type Output = z.infer<typeof Output>;
export const Output = z.strictObject({
  pending: z.number(),
  requeued: z.number(),
  settled: z.number(),
  unreadable: z.number(),
  lettersWritten: z.number(),
  releasedParents: z.number(),
  activeWithoutLock: z.number(),
  pausedPools: z.number(),
  overdueDelayed: z.number(),
});

export const reconcile = defineJob({
  kind: "reconcile",
  pool: "maintenance",
  summary: "Queue again what was accepted and lost, and report what hangs",
  input: Input,
  checkpoint: z.undefined(),
  attempts: 1,
  backoffMs: 1_000,
  timeoutMs: 10 * 60_000,
  load: () => import("./run.ts"),
});
