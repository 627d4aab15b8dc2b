import { listIndexes } from "../../../data/vectors/indexes.ts";
import type { JobContext } from "../../define-job.ts";
import { embeddingRefresh } from "../embedding-refresh/job.ts";
import type { Input } from "./job.ts";

/** Each index is a job of its own, so that one that cannot be refreshed holds up no other. */
export async function run({ lake, enqueue }: JobContext<Input, never>) {
  const indexes = await listIndexes(lake);
  for (const { name } of indexes) await enqueue(embeddingRefresh, { index: name });
  return { indexes: indexes.length };
}
