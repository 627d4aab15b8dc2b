import { z } from "zod";
import type { Lake } from "../lake.ts";
import { quote } from "../sql/duckdb.ts";
import { Generation } from "./generation.ts";
import { currentPointer } from "./generations/pointers.ts";
import { IndexDefinition, vectorsTable } from "./index-definition.ts";
import { Staleness, stalenessOf } from "./refresh/state.ts";

/** All that is known of an index without searching it. */
export const IndexDescription = z
  .strictObject({
    ...IndexDefinition.shape,
    rows: z.int().describe("Rows that have a vector"),
    chunks: z.int(),
    sizeBytes: z.int().describe("Of the files of chunks and vectors"),
    staleness: Staleness.nullable().describe("Null when the index's table is gone"),
    generation: Generation.nullable().describe("What serves; null: every search is exact"),
  })
  .meta({ id: "VectorIndexDescription" });
export type IndexDescription = z.infer<typeof IndexDescription>;

export async function describeIndex(lake: Lake, index: IndexDefinition): Promise<IndexDescription> {
  const snapshot = await lake.table(vectorsTable(index)).snapshot();
  const duckdb = await lake.duckdb();
  const [counts, pointer, staleness] = await Promise.all([
    duckdb.query(
      z.object({ rows: z.coerce.number(), chunks: z.coerce.number() }),
      `select count(distinct id) as rows, count(*) as chunks
       from (${await snapshot.readSql({ columns: ["id", "model"] })}) where model = ${quote(index.model)}`,
    ),
    currentPointer(lake.storage, index.name),
    stalenessOf(lake, index).catch(() => null),
  ]);
  return {
    ...index,
    rows: counts[0]?.rows ?? 0,
    chunks: counts[0]?.chunks ?? 0,
    sizeBytes: snapshot.sizeBytes,
    staleness,
    generation: pointer?.generation ?? null,
  };
}
