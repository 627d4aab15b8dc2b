import type { Lake, TableName } from "../lake.ts";
import { openConnection } from "./connection.ts";

/** Merges rows of texts, which a model said, into their table. */
export async function mergeTexts(
  lake: Lake,
  name: TableName,
  names: readonly [key: string, ...others: string[]],
  rows: readonly object[],
): Promise<void> {
  if (rows.length === 0) return;
  using open = await openConnection(lake);
  const { connection } = open;
  const shape = JSON.stringify([Object.fromEntries(names.map((column) => [column, "VARCHAR"]))]);
  await connection.run(
    `create temp table said as select unnest(rows, max_depth := 2) from (select from_json($rows::json, '${shape}') as rows)`,
    { rows: JSON.stringify(rows) },
  );
  await lake.table(name).merge({ sql: "select * from said", connection }, { key: [names[0]] });
}
