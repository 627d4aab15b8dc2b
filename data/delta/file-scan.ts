import { identifier, quote } from "../sql/duckdb.ts";
import type { AddFile } from "./actions.ts";
import type { Bitmap } from "./bitmap.ts";
import { jsonList, pathList } from "./file-list.ts";
import { storedRowsOf } from "./removed-file.ts";
import { duckdbType } from "./schema.ts";
import { isWorthSharing, sharedScan } from "./shared-scan.ts";
import type { Column } from "./table.ts";
import { visibleSql } from "./visible.ts";

/** A live file and where DuckDB finds it on this machine. */
export interface LocalFile {
  readonly add: AddFile;
  readonly localPath: string;
  /** The rows that its deletion vector takes out. */
  readonly hidden?: Bitmap;
}

export interface ScanOptions {
  /** Only these columns; default all. */
  readonly columns?: readonly Column[];
  /** Adds each row's file and its position in it. */
  readonly positions?: boolean;
}

export const FILE = "__millrace_file";
export const ROW = "__millrace_row";

/** A file and its number among all that a SELECT reads. */
interface Numbered {
  readonly file: LocalFile;
  readonly number: number;
}

interface ScannedTable {
  readonly columns: readonly Column[];
  readonly partitionColumns: readonly string[];
}

/**
 * A SELECT of the rows of files that this table's writers may touch: no column mapping. Files with hidden rows are
 * read apart, so that the others pay nothing for them. A file's number is its place in the list.
 */
export function scanSql(
  table: ScannedTable,
  files: readonly LocalFile[],
  { columns = table.columns, positions = false }: ScanOptions = {},
): string {
  if (files.length === 0) {
    const empty = columns.map(({ name, type }) => `cast(null as ${duckdbType(type)}) as ${identifier(name)}`);
    const extra = positions ? [FILE, ROW].map((name) => `0::bigint as ${name}`) : [];
    return `select ${[...empty, ...extra].join(", ")} where false`;
  }
  const numbered = files.map((file, number) => ({ file, number }));
  const whole = numbered.filter(({ file }) => !file.hidden);
  const marked = numbered.filter(({ file }) => file.hidden);
  const parts = [whole, ...(marked.length > MAX_BRANCHES ? [marked] : marked.map((one) => [one]))];
  return parts
    .filter(({ length }) => length > 0)
    .map((part) => partSql(table, part, columns, positions))
    .join(" union all ");
}

/** So many files with hidden rows are read one by one, each with its bits as a constant; more are joined to them. */
const MAX_BRANCHES = 32;

/**
 * Parquet columns get names of their own while they are read, because a table's column may be called as DuckDB calls
 * its virtual ones.
 */
function partSql(
  table: ScannedTable,
  numbered: readonly Numbered[],
  columns: readonly Column[],
  positions: boolean,
): string {
  const files = numbered.map(({ file }) => file);
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
  if (positions) list.push(`${numberSql(numbered)} as ${FILE}`, `file_row_number as ${ROW}`);
  const options = `hive_partitioning = false${schema.length > 0 ? `, schema = map {${schema.join(", ")}}` : ""}`;
  const [first] = files;
  // Whole rows are for writing, in the order and the memory of one thread.
  const isShared =
    columns.length < table.columns.length && isWorthSharing(first && storedRowsOf(first.add), stored);
  const rows =
    first && files.length === 1 && isShared
      ? sharedScan(first.localPath, options)
      : `read_parquet(${pathList(files.map(({ localPath }) => localPath))}, ${options})`;
  const { hidden } = first ?? {};
  if (!hidden) return `select ${list.join(", ")} from ${rows}`;
  if (files.length === 1)
    return `select ${list.join(", ")} from ${rows} where ${visibleSql(hidden, "file_row_number")}`;
  return `select ${list.join(", ")} from (select *, file_index, file_row_number from ${rows}) ${withoutHidden(files)}`;
}

function numberSql(numbered: readonly Numbered[]): string {
  const [first] = numbered;
  if (first && numbered.length === 1) return `${first.number}::bigint`;
  if (numbered.every(({ number }, index) => number === index)) return "file_index::bigint";
  return `cast([${numbered.map(({ number }) => number).join(", ")}] as bigint[])[file_index::bigint + 1]`;
}

/** Beyond the last position of a vector no row is hidden. */
function withoutHidden(files: readonly LocalFile[]): string {
  const bits = jsonList(files.map(({ hidden }) => hidden?.toBase64() ?? ""));
  return `join (
      select place, bits, coalesce(bit_length(bits), 0) as bit_count from (
        select unnest(range(${files.length})) as place, nullif(from_base64(unnest(${bits})), ''::blob)::bit as bits)
    ) hidden on file_index = hidden.place
    where case when file_row_number < bit_count then get_bit(bits, file_row_number::integer) = 0 else true end`;
}

function partitionValue({ name, type }: Column, files: readonly LocalFile[]): string {
  const values = files.map(({ add }) => add.partitionValues[name] || null);
  const sqlType = duckdbType(type);
  const literal = (value: string | null) => (value === null ? "null" : quote(value));
  if (new Set(values).size === 1) return `cast(${literal(values[0] ?? null)} as ${sqlType})`;
  return `cast([${values.map(literal).join(", ")}] as ${sqlType}[])[file_index::bigint + 1]`;
}
