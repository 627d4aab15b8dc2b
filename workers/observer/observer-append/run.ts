import { appendOldest, nothingAppended } from "../../../data/observer/append-batches.ts";
import type { JobContext } from "../../define-job.ts";
import { optimizeTables } from "../../maintenance/optimize-tables/job.ts";
import type { Input, Output } from "./job.ts";

/** Small commits make small files; so many of them are worth gathering before the night. */
const FILES_TO_GATHER = 500;

export async function run(context: JobContext<Input, undefined>): Promise<Output> {
  const { lake, signal } = context;
  const sum = { ...nothingAppended };
  for (;;) {
    signal.throwIfAborted();
    const appended = await appendOldest(lake, signal);
    if (!appended) break;
    for (const name of ["events", "batches", "duplicates", "conflicting"] as const)
      sum[name] += appended[name];
    await context.reportProgress({ stage: "append", done: sum.events, total: null, unit: "events" });
  }
  if (sum.conflicting > 0)
    await context.note(
      `${sum.conflicting} events came again with other content: observer.conflicts lists them`,
    );
  if (sum.events > 0) {
    const { fileCount } = await lake.table("observer.events").snapshot();
    if (fileCount > 0 && fileCount % FILES_TO_GATHER === 0)
      await context.enqueue(optimizeTables, { tables: ["observer.events"] });
  }
  return sum;
}
