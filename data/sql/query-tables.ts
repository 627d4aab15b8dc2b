import type { VersionAt } from "../delta/table.ts";
import { DataError, NotFoundError } from "../errors.ts";
import type { Lake, TableName } from "../lake.ts";
import { nearestTables } from "./nearest-tables.ts";
import { QueryError } from "./query-error.ts";
import type { NamedTable } from "./query-tree.ts";
import { readVersionAt } from "./version-at.ts";

/** What a query needs of a lake: a SELECT of the rows of each table that it names, and the names of all. */
export interface QueryTables {
  sqlOf(named: NamedTable, asOf: VersionAt): Promise<string>;
  names(): Promise<readonly TableName[]>;
}

export function tablesOf(lake: Lake): QueryTables {
  return { sqlOf: (named, asOf) => snapshotSql(lake, named, asOf), names: () => lake.tableNames() };
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
  const own = table.toLowerCase().split("@")[0] ?? "";
  const near = nearestTables(schema.toLowerCase(), own, known);
  const hint = near.length > 0 ? `did you mean ${near.join(", ")}?` : "SHOW TABLES lists the tables.";
  const form = schema ? "" : " Tables are written schema.table;";
  return `There is no table ${written}:${form} ${hint}`;
}
