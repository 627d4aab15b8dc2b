import type { TableSnapshot } from "./table-snapshot.ts";
import { columnList } from "./write-rows.ts";
import type { WriteSession } from "./write-session.ts";

/** Equal for equal rows in any order: their number, and two sums of the rows' hashes. */
export async function fingerprint(
  { connection }: WriteSession,
  { columns }: Pick<TableSnapshot, "columns">,
  sql: string,
): Promise<string> {
  const list = columnList(columns);
  const reader = await connection.runAndReadAll(
    `select count(*) || '/' || coalesce(sum(hash(${list})), 0) || '/' || coalesce(sum(hash(17, ${list})), 0) from (${sql})`,
  );
  return String(reader.getRows()[0]?.[0]);
}
