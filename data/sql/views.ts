import type { DuckDBConnection } from "@duckdb/node-api";
import { pathsIn } from "../delta/file-list.ts";
import type { VersionAt } from "../delta/table.ts";
import { DataError, NotFoundError } from "../errors.ts";
import type { Lake, TableName } from "../lake.ts";
import { identifier } from "./duckdb.ts";
import { QueryError } from "./query-error.ts";
import type { NamedTable } from "./query-tree.ts";
import { readVersionAt } from "./version-at.ts";

/**
 * Defines a view for each table that a query names, over its current snapshot or the one at `asOf`, and answers
 * the files that they read. `schema."table@v3"` and `schema."table@2026-01-31T00:00:00Z"` name a snapshot themselves.
 */
export async function defineViews(
  connection: DuckDBConnection,
  lake: Lake,
  tables: readonly NamedTable[],
  asOf: VersionAt = {},
): Promise<string[]> {
  const files: string[] = [];
  const defined = new Set<string>();
  for (const named of tables) {
    const view = `${identifier(named.schema)}.${identifier(named.table)}`;
    // The engine takes upper and lower case for the same, and so does the lake.
    if (defined.has(view.toLowerCase())) continue;
    defined.add(view.toLowerCase());
    const sql = await snapshotSql(lake, named, asOf);
    await connection.run(`create schema if not exists ${identifier(named.schema)}`);
    await connection.run(`create view ${view} as ${sql}`);
    files.push(...pathsIn(sql));
  }
  return files;
}

async function snapshotSql(lake: Lake, named: NamedTable, asOf: VersionAt): Promise<string> {
  const { name, at } = versionIn(named);
  try {
    const snapshot = await lake.table(name).snapshot(at ?? asOf);
    return await snapshot.readSql();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const known = await lake.tableNames();
    if (error instanceof NotFoundError && known.includes(name)) {
      throw new QueryError(error.message, named.position, { cause: error });
    }
    if (known.includes(name)) throw error;
    throw new QueryError(unknownTable(named, known), named.position, { cause: error });
  }
}

const versioned = /^(?<table>.+?)@(?:v(?<version>\d{1,15})|(?<time>.+))$/i;

function versionIn({ schema, table, position }: NamedTable): { name: TableName; at?: VersionAt } {
  const parts = versioned.exec(table)?.groups;
  const name: TableName = `${schema.toLowerCase()}.${(parts?.table ?? table).toLowerCase()}`;
  if (!parts) return { name };
  const at = parts.version ? { version: Number(parts.version) } : readVersionAt(parts.time ?? "");
  if (at) return { name, at };
  throw new QueryError(
    `"${table}" should end in a version, as @v3, or a time, as @2026-01-31T00:00:00Z.`,
    position,
  );
}

function unknownTable({ schema, table }: NamedTable, known: readonly TableName[]): string {
  const written = schema ? `${schema}.${table}` : table;
  const own = table.toLowerCase().split("@")[0];
  const near = known.filter(
    (name) => name.endsWith(`.${own}`) || name.startsWith(`${schema.toLowerCase()}.`),
  );
  const hint =
    near.length > 0 ? `did you mean ${near.slice(0, 5).join(", ")}?` : "SHOW TABLES lists the tables.";
  const form = schema ? "" : " Tables are written schema.table;";
  return `There is no table ${written}:${form} ${hint}`;
}
