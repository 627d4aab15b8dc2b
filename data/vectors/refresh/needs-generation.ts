import type { WriteResult } from "../../delta/table.ts";
import type { Lake } from "../../lake.ts";
import { currentPointer } from "../generations/pointers.ts";
import type { IndexDefinition } from "../index-definition.ts";

/** Fewer vectors than this are searched one by one as quickly as through a graph. */
const SMALLEST = 10_000;
/** Rows that a graph lacks are searched one by one beside it, which more of them than this would slow down. */
const LARGEST_SHARE = 0.1;

/** Whether the index should be built anew after a refresh wrote what it did. */
export async function needsGeneration(
  lake: Lake,
  { name }: IndexDefinition,
  { rows }: WriteResult,
): Promise<boolean> {
  const written = rows.inserted + rows.updated + rows.deleted;
  const serving = await currentPointer(lake.storage, name);
  if (!serving) return rows.inserted >= SMALLEST;
  return written > serving.generation.rows * LARGEST_SHARE;
}
