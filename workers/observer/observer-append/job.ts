import { z } from "zod";
import { defineJob } from "../../define-job.ts";

/** Takes what waits in the inbox, so it carries nothing: asked for often, it is one piece of work. */
export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({});

export type Output = z.infer<typeof Output>;
export const Output = z.strictObject({
  events: z.int(),
  batches: z.int(),
  duplicates: z.int(),
  conflicting: z.int(),
});

export const observerAppend = defineJob({
  kind: "observer-append",
  pool: "observer",
  summary: "Take the events that wait in the inbox into observer.events",
  input: Input,
  checkpoint: z.undefined(),
  attempts: 10,
  backoffMs: 1_000,
  timeoutMs: 30 * 60_000,
  exclusive: () => "inbox",
  load: () => import("./run.ts"),
});
