import { duckdbType } from "./schema.ts";
import type { DeltaType } from "./table.ts";

/** The text of a partition value as `partitionSql` takes it. The empty string stands for null in every type. */
export function partitionText(type: DeltaType, value: string | null | undefined): string | null {
  if (value === null || value === undefined || value === "") return null;
  if (type === "timestamp") return hasZone(value) ? value : `${value}+00`;
  if (type === "binary") return Buffer.from(value).toString("hex");
  return value;
}

/** A zone is told after a time only: the end of `2024-01-02` looks like one. */
function hasZone(value: string): boolean {
  return /\d[T ]\d{2}:.*(?:z|[+-]\d{2}(?::?\d{2})?)$/i.test(value);
}

/** SQL of the value that the text at `sql` stands for. */
export function partitionSql(type: DeltaType, sql: string): string {
  if (type === "binary") return `unhex(${sql})`;
  return `cast(${sql} as ${duckdbType(type)})`;
}
