import { identifier, quote } from "../sql/duckdb.ts";
import { type MappingMode, physicalName } from "./column-mapping.ts";
import { jsonList, pathList } from "./file-list.ts";
import { logicalSql } from "./logical.ts";
import { partitionSql, partitionText } from "./partition-value.ts";
import type { ScanFile } from "./scan.ts";
import { duckdbType } from "./schema.ts";
import { isWorthSharing } from "./shared-scan.ts";
import type { Column } from "./table.ts";
import { visibleSql } from "./visible.ts";

/** Files that one SELECT reads: their columns have the same names. */
export interface Branch {
  readonly columns: readonly Column[];
  readonly partitionColumns: readonly string[];
  /** The columns of `ScanFile.constants`. */
  readonly constant: readonly Column[];
  readonly mapping: MappingMode;
  /** The name that a field has in these files. */
  readonly names: (field: Column) => string;
  readonly files: readonly ScanFile[];
  /** All files have the same partition values and constants, and all their rows count; or it is one file. */
  readonly isAlike: boolean;
}

export function emptySql(columns: readonly Column[]): string {
  const nulls = columns.map(({ name, type }) => `cast(null as ${duckdbType(type)}) as ${identifier(name)}`);
  return `select ${nulls.join(", ")} where false`;
}

export function branchSql(branch: Branch): string {
  const { columns, partitionColumns, constant, names, files, isAlike } = branch;
  const stored = columns.filter(({ name }) => !partitionColumns.includes(name));
  const known = [...columns.filter(({ name }) => partitionColumns.includes(name)), ...constant];
  const [first] = files;
  const texts = isAlike && first ? textsOf(branch, known, first) : undefined;

  const list = [...columns, ...constant].map((column) => {
    const place = known.indexOf(column);
    const value =
      place < 0
        ? logicalSql(`r.c${stored.indexOf(column)}`, column.type, names)
        : partitionSql(column.type, texts ? literal(texts[place] ?? null) : `f.p${place}`);
    return `${value} as ${identifier(column.name)}`;
  });
  const select = `select ${list.join(", ")} from ${source(stored, names, files)} r`;
  if (!texts) return `${select} ${joinFacts(branch, known)}`;
  if (!first?.rows) return select;
  return `${select} where ${visibleSql(first.rows.positions, "r.file_row_number", first.rows.keep)}`;
}

/** The texts of the columns that are not stored in a file, as `partitionSql` takes them. */
function textsOf({ mapping, constant }: Branch, known: readonly Column[], file: ScanFile): (string | null)[] {
  return known.map((column) => {
    const place = constant.indexOf(column);
    const text = place < 0 ? file.partitionValues[physicalName(column, mapping)] : file.constants?.[place];
    return partitionText(column.type, text);
  });
}

function literal(text: string | null): string {
  return text === null ? "null" : quote(text);
}

/**
 * The stored columns as `c0`, `c1`, …: names of the table's own could hide those that DuckDB adds (`filename`).
 * Giving DuckDB the schema spares it to open each file first, and reads columns that a file lacks as null.
 */
function source(
  stored: readonly Column[],
  names: (field: Column) => string,
  files: readonly ScanFile[],
): string {
  const fields = stored.map((column, index) => {
    const type = quote(duckdbType(column.type, names));
    return `${quote(names(column))}: {name: 'c${index}', type: ${type}, default_value: null}`;
  });
  // Without a column of its own a table still has its number of rows.
  if (fields.length === 0) fields.push(`'': {name: 'c0', type: 'BOOLEAN', default_value: null}`);
  // A file may stand for several things at once, such as its rows added by one version and removed by another.
  const paths = [...new Set(files.map(({ path }) => path))];
  const scan = `read_parquet(${pathList(paths)}, schema = map {${fields.join(", ")}}, hive_partitioning = false)`;
  const rowCount = files[0]?.rowCount ?? 0;
  if (paths.length > 1 || !isWorthSharing(rowCount, stored)) return scan;
  // DuckDB gives each file whose schema it was told one thread; a large file is read as two halves.
  const half = Math.floor(rowCount / 2);
  const rows = `select *, filename, file_row_number from ${scan}`;
  return `(${rows} where file_row_number < ${half} union all ${rows} where file_row_number >= ${half})`;
}

/** What is known of each file but not stored in it: partition values, constants, and the rows that count. */
function joinFacts(branch: Branch, known: readonly Column[]): string {
  const { files } = branch;
  const texts = files.map((file) => textsOf(branch, known, file));
  const facts = [
    `unnest(${jsonList(files.map(({ path }) => path))}) as file`,
    ...known.map((_, place) => `unnest(${jsonList(texts.map((row) => row[place] ?? null))}) as p${place}`),
  ];
  if (!files.some(({ rows }) => rows)) return `join (select ${facts.join(", ")}) f on r.filename = f.file`;

  const bits = files.map(({ rows }) => rows?.positions.toBase64() ?? null);
  const kept = files.map(({ rows }) => (rows?.keep ? "1" : "0"));
  facts.push(`unnest(${jsonList(bits)}) as bits64`, `unnest(${jsonList(kept)}) as kept`);
  const vectors =
    "select * exclude (bits64, kept), kept::integer as kept, from_base64(bits64)::bit as bits, " +
    `coalesce(octet_length(from_base64(bits64)) * 8, 0) as bit_count from (select ${facts.join(", ")})`;
  // Beyond the last position of a vector all rows are alike: none of them is in it.
  return (
    `join (${vectors}) f on r.filename = f.file where case when r.file_row_number < f.bit_count ` +
    "then get_bit(f.bits, r.file_row_number::integer) = f.kept else f.kept = 0 end"
  );
}
