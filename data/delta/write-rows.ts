import { identifier } from "../sql/duckdb.ts";
import { type FileWriting, type NewFile, writeFiles } from "./data-files.ts";
import { castList, columnNames, subquery } from "./source-columns.ts";
import type { Source } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import type { WriteSession } from "./write-session.ts";

/** Files of this size are few enough for a log and small enough to rewrite when one of their rows changes. */
export const TARGET_BYTES = 128 * 1024 ** 2;

export function targetBytes({ properties }: TableSnapshot): number {
  const own = Number(properties["delta.targetFileSize"]);
  return Number.isSafeInteger(own) && own > 0 ? own : TARGET_BYTES;
}

/** What `writeFiles` needs to know of a table. */
export function writingTo(snapshot: TableSnapshot, { connection }: WriteSession): Omit<FileWriting, "sql"> {
  const { storage, root, columns, partitionColumns } = snapshot;
  return {
    connection,
    storage,
    root,
    columns,
    partitionBy: partitionColumns,
    targetBytes: targetBytes(snapshot),
  };
}

/** A SELECT of a source's rows as the table has them; columns that may be null may be left out. */
export async function sourceSql(
  snapshot: TableSnapshot,
  { connection }: WriteSession,
  source: Source,
  table: string,
): Promise<string> {
  const names = source.columns ?? (await columnNames(connection, source.sql));
  const list = castList(snapshot.columns, names, { table, mayLack: true, mayExceed: false });
  return `select ${list.join(", ")} from ${subquery(source.sql)}`;
}

export async function writeSource(
  snapshot: TableSnapshot,
  session: WriteSession,
  source: Source,
  table: string,
): Promise<NewFile[]> {
  const sql = await sourceSql(snapshot, session, source, table);
  return writeFiles({ ...writingTo(snapshot, session), sql });
}

export function columnList(columns: readonly { readonly name: string }[], prefix = ""): string {
  return columns.map(({ name }) => `${prefix}${identifier(name)}`).join(", ");
}
