import type { Table } from "@lancedb/lancedb";
import type { Metric } from "../index-definition.ts";
import type { FoundRow } from "../search/newer-rows.ts";

export type LanceTable = Table;
export type LanceDb = typeof import("@lancedb/lancedb");

export const TABLE = "rows";
/** So many times what is asked for is compared by the whole vectors: the codes alone find too little, and 20 times 0.88 of 100,000. */
const REFINE = 50;

let loaded: Promise<LanceDb | undefined> | undefined;

/** The library, or undefined where it could not be installed. */
export function loadLanceDb(): Promise<LanceDb | undefined> {
  loaded ??= import("@lancedb/lancedb").catch(() => undefined);
  return loaded;
}

/** Searches from disk; `width` is how many partitions are looked into. */
export async function lanceQuery(
  table: LanceTable,
  metric: Metric,
  vector: ArrayLike<number>,
  k: number,
  width: number,
): Promise<FoundRow[]> {
  const found: { id: string; chunk: number; _distance: number }[] = await table
    .query()
    .nearestTo(Array.from(vector))
    .distanceType(metric === "ip" ? "dot" : metric)
    .nprobes(width)
    .refineFactor(REFINE)
    .select(["id", "chunk", "_distance"])
    .limit(k)
    .toArray();
  return found.map(({ id, chunk, _distance }) => ({ id, chunk, distance: _distance }));
}
