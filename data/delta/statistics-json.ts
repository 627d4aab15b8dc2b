import { DuckDBStructType, type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import { identifier } from "../sql/duckdb.ts";

/**
 * SQL that turns a `stats_parsed` column into the JSON text of `stats`. Values stay within DuckDB, because the
 * digits of large integers and decimals do not survive JavaScript; what JSON cannot say (NaN, infinity) is left out.
 */
export function parsedStatistics(column: string, type: DuckDBType | undefined): string {
  return `case when ${column} is not null then to_json(${value(column, type)})::varchar end`;
}

function value(sql: string, type: DuckDBType | undefined): string {
  if (type instanceof DuckDBStructType) {
    const fields = type.entryNames.map((name, index) => {
      const field = identifier(name);
      return `${field} := ${value(`${sql}.${field}`, type.entryTypes[index])}`;
    });
    return `struct_pack(${fields.join(", ")})`;
  }
  switch (type?.typeId) {
    case DuckDBTypeId.TIMESTAMP_TZ:
      return `strftime(${sql} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')`;
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
      return `strftime(${sql}, '%Y-%m-%dT%H:%M:%S.%g')`;
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      return `case when isfinite(${sql}) then ${sql} end`;
    case DuckDBTypeId.BLOB:
      return "null";
    default:
      return sql;
  }
}
