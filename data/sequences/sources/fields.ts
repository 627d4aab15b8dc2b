import { identifier } from "../../sql/duckdb.ts";
import type { FieldKind } from "./tables.ts";

const sqlTypes: Record<FieldKind, string> = {
  id: "integer",
  integer: "integer",
  text: "varchar",
  timestamp: "timestamp",
  date: "date",
  double: "double",
};

/**
 * The value of a field read as text, or null where it has none. DuckDB's own casts take too much (51221.6 and
 * 0x10 as integers, slashes in dates, underscores), so a cast counts only where the text is in canonical form or
 * passes a stricter pattern; the pattern is tried on the few that are not canonical, for it is the dear part.
 */
export function valueSql(column: string, kind: FieldKind): string {
  const text = identifier(column);
  const cast = `try_cast(${text} as ${sqlTypes[kind]})`;
  switch (kind) {
    case "text":
      return text;
    case "id":
    case "integer":
      return `case when ${cast}::varchar = ${text} then ${cast}
        when regexp_full_match(${text}, '[+-]?\\d+(\\.0*)?') then try_cast(split_part(${text}, '.', 1) as integer) end`;
    case "double":
      return `case when not regexp_matches(${text}, '[_xX\\s]') then ${cast} end`;
    case "timestamp":
      // Of nineteen characters only a time with a year of four digits is canonical; infinity and years before Christ are not.
      return `case when length(${text}) = 19 and ${cast}::varchar = ${text} then ${cast}
        when regexp_full_match(${text}, '\\d{4}-\\d\\d-\\d\\d([ T]\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,6})?)?)?') then ${cast} end`;
    case "date":
      return `case when regexp_full_match(${text}, '\\d{4}-\\d\\d-\\d\\d([ T]00:00(:00(\\.0+)?)?)?') then try_cast(left(${text}, 10) as date) end`;
  }
}

/** The value, and an error in place of the row where the field has text but no value. */
export function valueOrErrorSql(column: string, kind: FieldKind): string {
  if (kind === "text") return identifier(column);
  const failure = `error('a field of ${column} has no ${kind} in it')::${sqlTypes[kind]}`;
  return `coalesce(${valueSql(column, kind)}, if(${identifier(column)} is null, null, ${failure}))`;
}

/** What is wrong with a row's kept fields, as a list of sentences without the fields' content. */
export function complaintsSql(fields: ReadonlyMap<string, FieldKind>): string {
  const complaints = Array.from(fields)
    .filter(([, kind]) => kind !== "text")
    .map(
      ([column, kind]) =>
        `if(${identifier(column)} is not null and (${valueSql(column, kind)}) is null, '${column} is no ${kind}', null)`,
    );
  return `list_filter([${complaints.join(", ")}]::varchar[], lambda c: c is not null)`;
}
