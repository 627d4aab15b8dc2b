import { TableNotFoundError } from "../delta/errors.ts";
import type { Lake } from "../lake.ts";
import { nearestTables } from "./nearest-tables.ts";

/** That a table is not there, by the name that was typed and with those that were probably meant. */
export async function unknownTable(lake: Lake, typed: string, cause?: unknown): Promise<TableNotFoundError> {
  const [schema = "", table = ""] = typed.toLowerCase().split(".");
  const near = nearestTables(schema, table, await lake.tableNames());
  const hint = near.length > 0 ? `: did you mean ${near.join(", ")}?` : ".";
  return new TableNotFoundError(`There is no table ${typed}${hint}`, { cause });
}
