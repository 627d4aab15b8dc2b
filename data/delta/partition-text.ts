import { DataError } from "../errors.ts";
import { identifier } from "../sql/duckdb.ts";
import type { Column } from "./table.ts";

/** SQL for the text that stands for a column's value in `partitionValues`. The empty string means null there. */
export function partitionText({ name, type }: Column): string {
  const column = identifier(name);
  switch (type) {
    case "string":
      return `nullif(${column}, '')`;
    case "date":
      return `strftime(${column}, '%Y-%m-%d')`;
    case "timestamp":
      return `strftime(${column} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')`;
    case "timestamp_ntz":
      return `strftime(${column}, '%Y-%m-%d %H:%M:%S.%f')`;
    case "float":
    case "double":
      return `case when isnan(${column}) then 'NaN' when isinf(${column}) then if(${column} > 0, 'Infinity', '-Infinity') else cast(${column} as varchar) end`;
    default:
      return `cast(${column} as varchar)`;
  }
}

/** Types whose values have one text that every reader takes back to the same value. */
export function checkPartitionColumn({ name, type }: Column, table: string): void {
  if (typeof type === "string" && type !== "binary") return;
  throw new DataError(
    `${table} cannot be partitioned by ${name}: its type has no text form; choose another column.`,
  );
}
