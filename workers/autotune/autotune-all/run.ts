import { listIndexes } from "../../../data/vectors/indexes.ts";
import type { JobContext } from "../../define-job.ts";
import { autotuneCycle } from "../autotune-cycle/job.ts";
import type { Input } from "./job.ts";

/** Each index is a job of its own, so that one that cannot be built holds up no other. */
export async function run({ lake, enqueue }: JobContext<Input, never>) {
  const indexes = (await listIndexes(lake)).filter(({ backend }) => backend === "hnsw");
  for (const { name } of indexes) await enqueue(autotuneCycle, autotuneCycle.input.parse({ index: name }));
  return { indexes: indexes.length };
}
