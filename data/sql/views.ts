import type { DuckDBConnection } from "@duckdb/node-api";
import { pathsIn } from "../delta/file-list.ts";
import type { VersionAt } from "../delta/table.ts";
import { identifier } from "./duckdb.ts";
import { queryError } from "./query-error.ts";
import type { QueryTables } from "./query-tables.ts";
import type { NamedTable } from "./query-tree.ts";

/**
 * Defines a view for each table that a query names, over its current snapshot or the one at `asOf`, and answers
 * the files that they read. `schema."table@v3"` and `schema."table@2026-01-31T00:00:00Z"` name a snapshot themselves.
 */
export async function defineViews(
  connection: DuckDBConnection,
  tables: QueryTables,
  named: readonly NamedTable[],
  asOf: VersionAt = {},
): Promise<string[]> {
  const files: string[] = [];
  const defined = new Set<string>();
  for (const one of named) {
    const view = `${identifier(one.schema)}.${identifier(one.table)}`;
    // The engine takes upper and lower case for the same, and so does the lake.
    if (defined.has(view.toLowerCase())) continue;
    defined.add(view.toLowerCase());
    const sql = await tables.sqlOf(one, asOf);
    await connection.run(`create schema if not exists ${identifier(one.schema)}`);
    await connection.run(`create view ${view} as ${sql}`).catch((error: unknown) => {
      throw queryError(error, "");
    });
    files.push(...pathsIn(sql));
  }
  return files;
}
