import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError } from "../errors.ts";
import { identifier, quote } from "../sql/duckdb.ts";
import { duckdbType } from "./schema.ts";
import type { Column } from "./table.ts";

/** A SELECT as it stands inside another: without the semicolon that would end both. */
export function subquery(sql: string): string {
  return `(\n${sql.trim().replace(/;+\s*$/, "")}\n)`;
}

export async function columnNames(connection: DuckDBConnection, sql: string): Promise<string[]> {
  const described = await asDataError(connection.runAndReadAll(`describe ${subquery(sql)}`));
  return described.getRowObjectsJS().map((row) => String(row.column_name));
}

interface Rules {
  readonly table: string;
  /** Whether columns that the source lacks are written as null. */
  readonly mayLack: boolean;
  /** Whether the source may have columns that the table lacks; they are not stored. */
  readonly mayExceed: boolean;
}

/**
 * The select list that casts a source's columns to exactly the table's types; without it DuckDB would write
 * what it inferred, and another reader would find other types in the file than in the schema.
 */
export function castList(columns: readonly Column[], names: readonly string[], rules: Rules): string[] {
  const byName = new Map(names.map((name) => [name.toLowerCase(), name]));
  const known = new Set(columns.map(({ name }) => name.toLowerCase()));
  const unknown = names.filter((name) => !known.has(name.toLowerCase()));
  if (unknown.length > 0 && !rules.mayExceed)
    throw new DataError(
      `The rows for ${rules.table} have columns that the table lacks: ${unknown.join(", ")}; select only its own or add them.`,
    );
  return columns.map((column) => {
    const name = byName.get(column.name.toLowerCase());
    if (name === undefined && !(rules.mayLack && column.nullable))
      throw new DataError(`The rows for ${rules.table} lack the column ${column.name}; select it.`);
    return castColumn(column, name === undefined ? "null" : identifier(name), rules.table);
  });
}

function castColumn({ name, type, nullable }: Column, sql: string, table: string): string {
  const cast = `cast(${sql} as ${duckdbType(type)})`;
  if (nullable) return `${cast} as ${identifier(name)}`;
  const message = `The column ${name} of ${table} must not be null.`;
  return `case when ${sql} is null then error(${quote(message)}) else ${cast} end as ${identifier(name)}`;
}

/** What DuckDB says of a value or of the SQL itself is said of the data: trying again would say it again. */
export async function asDataError<Result>(running: Promise<Result>): Promise<Result> {
  try {
    return await running;
  } catch (error) {
    if (error instanceof Error && /File name too long/.test(error.message))
      throw new DataError(
        "A partition column has a value too long for a folder's name; partition by another column.",
      );
    if (error instanceof Error && isFaultOfData(error.message))
      throw new DataError(withoutValues(error.message));
    throw error;
  }
}

function isFaultOfData(message: string): boolean {
  return /^(Conversion|Invalid Input|Binder|Catalog|Parser|Out of Range|Constraint|Mismatch Type) Error/.test(
    message,
  );
}

/** The first line, without the values that DuckDB quotes: they may be a person's. */
function withoutValues(message: string): string {
  const [first = ""] = message.split("\n");
  if (/^(Binder|Catalog|Parser) Error/.test(first)) return first;
  if (first.includes("must not be null.")) return first.replace(/^Invalid Input Error: /, "");
  return first.replace(/(['"]).*\1/g, "a value");
}
