import { currentPointer } from "../../../data/vectors/generations/pointers.ts";
import { loadBinding } from "../../../data/vectors/hnsw/binding.ts";
import { readIndex } from "../../../data/vectors/indexes.ts";
import { child, type JobContext } from "../../define-job.ts";
import { vectorsBuild } from "../../embedding/vectors-build/job.ts";
import { type Tuned, tune } from "../tuning.ts";
import type { Checkpoint, Input } from "./job.ts";

/** Without an index where there is no graph to tune. */
export async function run(context: JobContext<Input, Checkpoint>): Promise<{ indexes: Tuned[] }> {
  const { lake, input, saveCheckpoint } = context;
  const definition = await readIndex(lake, input.index);
  if (definition.backend !== "hnsw" || !(await loadBinding())) return { indexes: [] };

  // An index that has grown is built first, as it is: a trial is held against what serves the same rows.
  const build = vectorsBuild.input.parse({ index: input.index });
  await context.runChildren("build", [child(vectorsBuild, build)]);
  if (!(await currentPointer(lake.storage, input.index))) return { indexes: [] };

  // The budget is for looking, so it begins when there is something to hold a trial against.
  const { startedAt } = context.checkpoint ?? { startedAt: Date.now() };
  if (!context.checkpoint) await saveCheckpoint({ startedAt });
  const deadline = startedAt + input.budgetSeconds * 1_000;
  return { indexes: [await tune(context, definition, { ...input, deadline })] };
}
