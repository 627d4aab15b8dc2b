import { identifier, quote } from "../sql/duckdb.ts";
import type { AddFile } from "./actions.ts";
import { pathList } from "./file-list.ts";
import { duckdbType } from "./schema.ts";
import type { Column } from "./table.ts";

/** A live file and where DuckDB finds it on this machine. */
export interface LocalFile {
  readonly add: AddFile;
  readonly localPath: string;
}

export interface ScanOptions {
  /** Only these columns; default all. */
  readonly columns?: readonly Column[];
  /** Adds each row's file and its position in it. */
  readonly positions?: boolean;
}

export const FILE = "__millrace_file";
export const ROW = "__millrace_row";

/**
 * A SELECT of the rows of files that this table's writers may touch: no column mapping, no deletion vectors.
 * Parquet columns get names of their own while they are read, because a table's column may be called
 * as DuckDB calls its virtual ones.
 */
export function scanSql(
  table: { readonly columns: readonly Column[]; readonly partitionColumns: readonly string[] },
  files: readonly LocalFile[],
  { columns = table.columns, positions = false }: ScanOptions = {},
): string {
  const extra = positions ? [FILE, ROW] : [];
  if (files.length === 0) {
    const empty = columns.map(({ name, type }) => `cast(null as ${duckdbType(type)}) as ${identifier(name)}`);
    return `select ${[...empty, ...extra.map((name) => `0::bigint as ${name}`)].join(", ")} where false`;
  }
  const stored = table.columns.filter(({ name }) => !table.partitionColumns.includes(name));
  const schema = stored.map(
    ({ name, type }, index) =>
      `${quote(name)}: {name: 'c${index}', type: ${quote(duckdbType(type))}, default_value: null}`,
  );
  const list = columns.map((column) => {
    const index = stored.findIndex(({ name }) => name === column.name);
    const sql = index < 0 ? partitionValue(column, files) : `c${index}`;
    return `${sql} as ${identifier(column.name)}`;
  });
  if (positions) list.push(`file_index::bigint as ${FILE}`, `file_row_number as ${ROW}`);
  const paths = pathList(files.map(({ localPath }) => localPath));
  const options = schema.length > 0 ? `, schema = map {${schema.join(", ")}}` : "";
  return `select ${list.join(", ")} from read_parquet(${paths}, hive_partitioning = false${options})`;
}

function partitionValue({ name, type }: Column, files: readonly LocalFile[]): string {
  const values = files.map(({ add }) => add.partitionValues[name] || null);
  const sqlType = duckdbType(type);
  const literal = (value: string | null) => (value === null ? "null" : quote(value));
  if (new Set(values).size === 1) return `cast(${literal(values[0] ?? null)} as ${sqlType})`;
  return `cast([${values.map(literal).join(", ")}] as ${sqlType}[])[file_index::bigint + 1]`;
}
