import type { DuckDBConnection } from "@duckdb/node-api";
import type { Table } from "../delta/table.ts";
import type { Lake } from "../lake.ts";
import { quote } from "../sql/duckdb.ts";
import { vectorsTable } from "./index-definition.ts";
import { listIndexes } from "./indexes.ts";
import { vectorColumn } from "./vectors-table.ts";

/** Every vector that a model server made, by the hash of the content and the model, for all indexes and runs. */
function cacheTable(lake: Lake): Table {
  return lake.table("vectors.cache");
}

/** A SELECT of content_hash and vector of what the cache knows of a model; undefined: there is no cache yet. */
export async function cachedSql(lake: Lake, model: string): Promise<string | undefined> {
  const table = cacheTable(lake);
  if (!(await table.exists())) return undefined;
  const rows = await (await table.snapshot()).readSql({ where: `model = ${quote(model)}` });
  return `select content_hash, vector from (${rows})`;
}

/**
 * A SELECT of content_hash and vector of what the tables of indexes hold of a model; undefined: there is none. What the
 * built-in embedder made is kept nowhere else.
 */
export async function heldSql(lake: Lake, model: string): Promise<string | undefined> {
  const indexes = (await listIndexes(lake)).filter(
    (index) => index.model === model && index.content.kind === "text",
  );
  const tables = await Promise.all(
    indexes.map(async (index) => {
      const snapshot = await lake.table(vectorsTable(index)).snapshot();
      return snapshot.readSql({
        columns: ["content_hash", "vector"],
        where: `model = ${quote(model)} and len(vector) = ${index.dimensions}`,
      });
    }),
  );
  return tables.length === 0
    ? undefined
    : `select content_hash, vector from (${tables.map((sql) => `(${sql})`).join(" union all ")})`;
}

/**
 * Appends vectors, a SELECT of content_hash and vector. A job that is killed before it could say that it did this does
 * it again; the rows that then stand twice are equal, and readers take any of them.
 */
export async function addToCache(
  lake: Lake,
  connection: DuckDBConnection,
  model: string,
  sql: string,
): Promise<void> {
  const table = cacheTable(lake);
  await table.ensure({
    columns: [
      { name: "content_hash", type: "string", nullable: false },
      { name: "model", type: "string", nullable: false },
      vectorColumn,
    ],
    partitionBy: ["model"],
    description:
      "Vectors that model servers made, by the hash of the content; not every chunk has to be here",
  });
  await table.append({
    sql: `select content_hash, ${quote(model)} as model, vector from (${sql}) where vector is not null`,
    connection,
  });
}
