import type { Table } from "./delta/table.ts";
import type { DuckDB } from "./sql/duckdb.ts";
import type { Storage } from "./storage/storage.ts";

/** A schema and a table's own name: `silver.patient` lies under `silver/patient`. */
export type TableName = `${string}.${string}`;

/** Everything that is kept: bytes, tables over them, and the engine that reads and writes both. */
export interface Lake extends AsyncDisposable {
  readonly storage: Storage;
  /** Opened when first asked for, so a process that only queues never loads it. */
  duckdb(): Promise<DuckDB>;
  table(name: TableName): Table;
  /** The names of the tables that exist, sorted. */
  tableNames(): Promise<TableName[]>;
}
