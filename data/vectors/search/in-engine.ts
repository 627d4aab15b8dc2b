import { z } from "zod";
import type { Lake, TableName } from "../../lake.ts";
import { identifier, quote } from "../../sql/duckdb.ts";
import { distanceSql } from "../distance.ts";
import { type IndexDefinition, vectorsTable } from "../index-definition.ts";
import type { FoundRow } from "./newer-rows.ts";

const Found = z.object({ id: z.string(), chunk: z.coerce.number(), distance: z.number() });

/** The rows of an index's table that can be compared, as a SELECT. */
export async function comparableSql(lake: Lake, definition: IndexDefinition): Promise<string> {
  const snapshot = await lake.table(vectorsTable(definition)).snapshot();
  return snapshot.readSql({
    columns: ["id", "chunk", "text", "vector"],
    where: `model = ${quote(definition.model)} and len(vector) = ${definition.dimensions}`,
  });
}

/** The ids of the table's rows that meet a checked filter, as a SELECT. */
export async function idsSql(lake: Lake, definition: IndexDefinition, filter: string): Promise<string> {
  const snapshot = await lake.table(definition.table as TableName).snapshot();
  const rows = await snapshot.readSql();
  return `select distinct ${identifier(definition.idColumn)}::varchar as id from (${rows}) where ${filter}`;
}

/** Compares with every row, or with those whose ids `among` answers: the truth, in the engine's own threads. */
export async function nearestInEngine(
  lake: Lake,
  definition: IndexDefinition,
  vector: ArrayLike<number>,
  k: number,
  among?: string,
): Promise<FoundRow[]> {
  const rows = await comparableSql(lake, definition);
  const distance = distanceSql(definition.metric, "vector", vector);
  return (await lake.duckdb()).query(
    Found,
    `select id, chunk::int as chunk, (${distance})::double as distance from (${rows})
     ${among === undefined ? "" : `where id in (${among})`}
     order by distance, id, chunk limit ${k}`,
  );
}
