import { z } from "zod";
import { Settings } from "../../../data/sequences/settings.ts";
import { defineJob } from "../../define-job.ts";
import { Build } from "../build-input.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  build: Build.describe("The build that it is a part of"),
  settings: Settings.describe("What the events and tokens are to be"),
  recipes: z
    .record(z.string(), z.string())
    .describe("What each table is made by, so that a stale one is known"),
});

export const sequencesFit = defineJob({
  kind: "sequences-fit",
  pool: "sequences",
  summary: "Find the frequent laboratory items and their deciles over all subjects",
  input: Input,
  checkpoint: z.never(),
  attempts: 5,
  backoffMs: 2_000,
  timeoutMs: 2 * 60 * 60 * 1_000,
  load: () => import("./run.ts"),
});
