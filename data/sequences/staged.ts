import type { DuckDBConnection } from "@duckdb/node-api";
import type { StagedRows, Table } from "../delta/table.ts";
import type { Lake } from "../lake.ts";
import { identifier, quote } from "../sql/duckdb.ts";

export interface StagedTable {
  readonly table: Table;
  /** What the rows are called on the connection. */
  readonly name: string;
  readonly staged: StagedRows;
}

/** Names rows that are not yet their table's on the connection. */
export async function openStaged(
  lake: Lake,
  connection: DuckDBConnection,
  { table, name, staged }: StagedTable,
): Promise<void> {
  const rows = staged.files.length > 0 ? await stagedSql(lake, table, staged) : await noneSql(table);
  await connection.run(`create or replace temp view ${identifier(name)} as ${rows}`);
}

/** A SELECT of staged rows; there must be some. */
export async function stagedSql(lake: Lake, table: Table, { files }: StagedRows): Promise<string> {
  const paths = await Promise.all(
    files.map((file) => lake.storage.localPath(`${table.root}/${(file as { path: string }).path}`)),
  );
  return `from read_parquet([${paths.map(quote).join(", ")}])`;
}

async function noneSql(table: Table): Promise<string> {
  return `select * from (${await (await table.snapshot()).readSql()}) limit 0`;
}
