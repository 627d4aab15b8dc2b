import { type NewFile, writeFiles } from "./data-files.ts";
import { FILE, ROW, scanSql } from "./file-scan.ts";
import { goneSql, type Match, MOVED, type TouchedFile } from "./merge-match.ts";
import { SOURCE_ROW } from "./merge-source.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { columnList, writingTo } from "./write-rows.ts";
import type { WriteSession } from "./write-session.ts";

/**
 * One new file for each of some touched ones, with the updated rows beside those that stay: rows keep their company, and
 * the files of a sorted table keep the narrow bounds by which the next merge finds them.
 */
export async function writeTouched(
  session: WriteSession,
  snapshot: TableSnapshot,
  match: Match,
  files: readonly TouchedFile[],
): Promise<NewFile[]> {
  const { source, changedTable } = match;
  const writing = writingTo(snapshot, session);
  const written: NewFile[] = [];
  for (const { file, number } of files) {
    const rows = scanSql(snapshot, [file], { positions: true });
    const sql = `
      select ${columnList(snapshot.columns, "t.")} from (${rows}) t
        anti join (select ${ROW} from (${goneSql(match)}) where ${FILE} = ${number}) g on t.${ROW} = g.${ROW}
      union all
      select ${columnList(snapshot.columns, "s.")} from ${changedTable} c join ${source.table} s using (${SOURCE_ROW})
        where c.${FILE} = ${number} and not c.${MOVED}`;
    written.push(...(await writeFiles({ ...writing, sql, partition: file.add.partitionValues })));
  }
  return written;
}

/** Files of their own: for new keys, for rows that move to another partition, and for those that change where they are hidden. */
export async function writeApart(
  session: WriteSession,
  snapshot: TableSnapshot,
  match: Match,
  hiding: readonly TouchedFile[],
): Promise<NewFile[]> {
  const apart = [
    ...(match.moved > 0 ? [`c.${MOVED}`] : []),
    ...(hiding.length > 0 ? [`c.${FILE} in (${hiding.map(({ number }) => number).join(", ")})`] : []),
  ];
  const updates = `select ${columnList(snapshot.columns, "s.")} from ${match.changedTable} c
    join ${match.source.table} s using (${SOURCE_ROW}) where ${apart.join(" or ")}`;
  const parts = [
    ...(match.inserted > 0 ? [insertsSql(snapshot, match)] : []),
    ...(apart.length > 0 ? [updates] : []),
  ];
  if (parts.length === 0) return [];
  return writeFiles({ ...writingTo(snapshot, session), sql: parts.join(" union all ") });
}

/** Every change of the commit, inserts too: readers of the feed look at nothing else once there is such a file. */
export async function writeChanges(
  session: WriteSession,
  snapshot: TableSnapshot,
  match: Match,
): Promise<NewFile[]> {
  const { source, changedTable, missingTable } = match;
  const list = columnList(snapshot.columns);
  const selects = [
    `select ${list}, 'update_preimage' as _change_type from ${changedTable}`,
    `select ${columnList(snapshot.columns, "s.")}, 'update_postimage' as _change_type
       from ${changedTable} c join ${source.table} s using (${SOURCE_ROW})`,
    ...(match.inserted > 0
      ? [`select *, 'insert' as _change_type from (${insertsSql(snapshot, match)})`]
      : []),
    ...(missingTable ? [`select ${list}, 'delete' as _change_type from ${missingTable}`] : []),
  ];
  return writeFiles({ ...writingTo(snapshot, session), sql: selects.join("\nunion all\n"), kind: "changes" });
}

function insertsSql({ columns }: TableSnapshot, { source, matchedTable }: Match): string {
  return `select ${columnList(columns, "s.")} from ${source.table} s anti join ${matchedTable} m using (${SOURCE_ROW})`;
}
