import { parseStaged, readOutcome } from "../../../data/clinical/refresh-chunk.ts";
import { readPlan } from "../../../data/clinical/refresh-files.ts";
import { DataError } from "../../../data/errors.ts";
import type { JobContext } from "../../define-job.ts";
import type { Input } from "./job.ts";

export async function run({ input, lake, signal, reportProgress }: JobContext<Input, never>) {
  const { refresh, chunk } = input;
  const plan = await readPlan(lake, refresh);
  if (!plan) throw new DataError("The refresh that this chunk belongs to has ended: start another");
  const total = plan.chunks[chunk]?.length ?? 0;
  const outcome =
    (await readOutcome(lake, refresh, chunk)) ?? (await parseStaged(lake, refresh, chunk, plan, signal));
  await reportProgress({ stage: "parse", done: total, total, unit: "bundles" });
  return { bundles: total, quarantined: outcome.quarantined.length };
}
