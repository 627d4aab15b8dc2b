import { currentPointer } from "../../../data/vectors/generations/pointers.ts";
import { loadBinding } from "../../../data/vectors/hnsw/binding.ts";
import { listIndexes, readIndex } from "../../../data/vectors/indexes.ts";
import { child, type JobContext } from "../../define-job.ts";
import { vectorsBuild } from "../../embedding/vectors-build/job.ts";
import { type Tuned, tune } from "../tuning.ts";
import type { Checkpoint, Input } from "./job.ts";

export async function run(context: JobContext<Input, Checkpoint>): Promise<{ indexes: Tuned[] }> {
  const { lake, input, saveCheckpoint, signal } = context;
  const all = input.index === undefined ? await listIndexes(lake) : [await readIndex(lake, input.index)];
  const indexes = all.filter(({ backend }) => backend === "hnsw");
  if (!(await loadBinding())) return { indexes: [] };

  // An index that has grown is built first, as it is: a trial is held against what serves the same rows.
  await context.runChildren(
    "build",
    indexes.map(({ name }) => child(vectorsBuild, vectorsBuild.input.parse({ index: name }))),
  );
  // The budget is for looking, so it begins when there is something to hold a trial against.
  const place = context.checkpoint ?? { startedAt: Date.now(), done: [] };
  if (!context.checkpoint) await saveCheckpoint(place);
  const tuned: Tuned[] = [];
  const done = [...place.done];
  for (const definition of indexes) {
    signal.throwIfAborted();
    if (done.includes(definition.name) || !(await currentPointer(lake.storage, definition.name))) continue;
    const remainingMs = place.startedAt + input.budgetSeconds * 1_000 - Date.now();
    tuned.push(
      await tune(context, definition, { ...input, deadline: Date.now() + Math.max(0, remainingMs) }),
    );
    done.push(definition.name);
    await saveCheckpoint({ startedAt: place.startedAt, done });
  }
  return { indexes: tuned };
}
