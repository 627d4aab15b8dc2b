import type { Lake, TableName } from "../lake.ts";

/** A table's rows as they are now; undefined where there is no such table yet. */
export async function tableSql(lake: Lake, name: TableName): Promise<string | undefined> {
  const table = lake.table(name);
  if (!(await table.exists())) return undefined;
  return (await table.snapshot()).readSql();
}
