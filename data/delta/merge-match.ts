import type { AddFile } from "./actions.ts";
import { differs } from "./comparison.ts";
import { FILE, type LocalFile, ROW, scanSql } from "./file-scan.ts";
import { filesWithKeys } from "./key-files.ts";
import { type MergeSource, SOURCE_ROW } from "./merge-source.ts";
import type { TableContext } from "./open-table.ts";
import type { Column, MergeOptions } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { hasChangeFeed } from "./writable.ts";
import { columnList } from "./write-rows.ts";
import { localFiles, type WriteSession } from "./write-session.ts";

/** What a merge found. Its tables name rows of the table by file number and position. */
export interface Match {
  readonly source: MergeSource;
  /** Source rows whose key the table has. */
  readonly matchedTable: string;
  /** Rows that change, with their old values where the change feed needs them, and the source row to take. */
  readonly changedTable: string;
  /** Rows within the scope that the source lacks, with their old values where the change feed needs them. */
  readonly missingTable: string | undefined;
  readonly inserted: number;
  readonly changed: number;
  /** Of the changed: rows that move to another partition. */
  readonly moved: number;
  readonly missing: number;
  /** The files that hold a changed or missing row. */
  readonly touched: readonly TouchedFile[];
  /** The files that may hold a key of the source. */
  readonly read: readonly AddFile[];
}

export interface TouchedFile {
  readonly file: LocalFile;
  readonly number: number;
  /** How many of its rows go, or change. */
  readonly gone: number;
}

export const MOVED = "__millrace_moved";

export async function findMatches(
  context: TableContext,
  session: WriteSession,
  snapshot: TableSnapshot,
  source: MergeSource,
  { provenance = [], deleteMissing }: MergeOptions,
): Promise<Match> {
  const live = [...snapshot.liveFiles.values()];
  const near = await filesWithKeys(session, snapshot, source, live);
  const read = deleteMissing === undefined ? near : live;
  const files = await localFiles(context, read);
  const isNear = new Set(near);
  const candidates = files.flatMap((file, number) => (isNear.has(file.add) ? [{ file, number }] : []));

  const matchedTable = await keepMatched(session, snapshot, source, candidates);
  const matchedNumbers = await session.numbers(`select distinct ${FILE} from ${matchedTable}`);
  const holding = new Set(matchedNumbers.map(([number]) => number));
  const holders = candidates.filter(({ number }) => holding.has(number));
  const changedTable = await keepChanged(session, snapshot, source, holders, provenance);
  const missingTable =
    deleteMissing === undefined
      ? undefined
      : await keepMissing(session, snapshot, source, files, deleteMissing);

  const [[matched = 0] = []] = await session.numbers(
    `select count(distinct ${SOURCE_ROW}) from ${matchedTable}`,
  );
  const [[changed = 0, moved = 0] = []] = await session.numbers(
    `select count(*), count(*) filter (where ${MOVED}) from ${changedTable}`,
  );
  const [[missing = 0] = []] = missingTable
    ? await session.numbers(`select count(*) from ${missingTable}`)
    : [];
  const counts = await session.numbers(
    `select ${FILE}, count(*) from (${goneSql({ changedTable, missingTable })}) group by all order by all`,
  );
  const touched = counts.flatMap(([number = -1, gone = 0]) => {
    const file = files[number];
    return file ? [{ file, number, gone }] : [];
  });
  const inserted = source.rows - matched;
  return {
    source,
    matchedTable,
    changedTable,
    missingTable,
    inserted,
    changed,
    moved,
    missing,
    touched,
    read,
  };
}

/** The positions of all rows that leave their file. */
export function goneSql({
  changedTable,
  missingTable,
}: Pick<Match, "changedTable" | "missingTable">): string {
  const changed = `select ${FILE}, ${ROW} from ${changedTable}`;
  return missingTable ? `${changed} union all select ${FILE}, ${ROW} from ${missingTable}` : changed;
}

export async function dropMatch(session: WriteSession, match: Match): Promise<void> {
  const { matchedTable, changedTable, missingTable } = match;
  for (const table of [matchedTable, changedTable, missingTable]) if (table) await session.drop(table);
}

type Numbered = readonly { readonly file: LocalFile; readonly number: number }[];

/** Reads nothing but the key: it tells the files that need a closer look. */
function keepMatched(
  session: WriteSession,
  snapshot: TableSnapshot,
  source: MergeSource,
  candidates: Numbered,
): Promise<string> {
  const rows = scanNumbered(snapshot, candidates, source.key);
  return session.keep(
    `select ${numberSql(candidates)} as ${FILE}, s.${SOURCE_ROW} from (${rows}) t join ${source.table} s on ${source.sameKey}`,
  );
}

function keepChanged(
  session: WriteSession,
  snapshot: TableSnapshot,
  source: MergeSource,
  holders: Numbered,
  provenance: readonly string[],
): Promise<string> {
  const { columns, partitionColumns } = snapshot;
  const ignored = new Set(
    [...source.key.map(({ name }) => name), ...provenance].map((name) => name.toLowerCase()),
  );
  const compared = columns.filter(({ name }) => !ignored.has(name.toLowerCase()));
  const different = compared.map((column) => differs(column, "t", "s"));
  const moves = columns
    .filter(({ name }) => partitionColumns.includes(name))
    .map((column) => differs(column, "t", "s"));
  const isFed = hasChangeFeed(snapshot);
  const needed = new Set([...source.key, ...compared]);
  const read = columns.filter(
    (column) => isFed || needed.has(column) || partitionColumns.includes(column.name),
  );
  const list = [
    `${numberSql(holders)} as ${FILE}`,
    `t.${ROW}`,
    `s.${SOURCE_ROW}`,
    `${moves.length > 0 ? moves.join(" or ") : "false"} as ${MOVED}`,
    ...(isFed ? [columnList(columns, "t.")] : []),
  ];
  const rows = scanNumbered(snapshot, holders, read);
  return session.keep(
    `select ${list.join(", ")} from (${rows}) t join ${source.table} s on ${source.sameKey}
     where ${different.length > 0 ? different.join(" or ") : "false"}`,
  );
}

function keepMissing(
  session: WriteSession,
  snapshot: TableSnapshot,
  source: MergeSource,
  files: readonly LocalFile[],
  scope: string,
): Promise<string> {
  const rows = `select * from (${scanSql(snapshot, files, { positions: true })}) where (${scope})`;
  // The old values are for the change feed alone, and may be wide.
  const list = [
    `t.${FILE}`,
    `t.${ROW}`,
    ...(hasChangeFeed(snapshot) ? [columnList(snapshot.columns, "t.")] : []),
  ];
  return session.keep(
    `select ${list.join(", ")} from (${rows}) t anti join ${source.table} s on ${source.sameKey}`,
  );
}

function scanNumbered(snapshot: TableSnapshot, numbered: Numbered, columns: readonly Column[]): string {
  const files = numbered.map(({ file }) => file);
  return scanSql(snapshot, files, { columns, positions: true });
}

/** A scanned file's number, looked up after the join: for all rows before it would cost more than the join. */
function numberSql(numbered: Numbered): string {
  if (numbered.every(({ number }, index) => number === index)) return `t.${FILE}`;
  return `cast([${numbered.map(({ number }) => number).join(", ")}] as bigint[])[t.${FILE} + 1]`;
}
