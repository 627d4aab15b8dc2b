import type { AddFile } from "./actions.ts";
import { differs } from "./comparison.ts";
import { FILE, type LocalFile, ROW, scanSql } from "./file-scan.ts";
import { filesWithKeys } from "./key-files.ts";
import { type MergeSource, SOURCE_ROW } from "./merge-source.ts";
import type { TableContext } from "./open-table.ts";
import type { Column, MergeOptions, Places } from "./table.ts";
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
const CHANGED = "__millrace_changed";
const REPLACED = "true";

export async function findMatches(
  context: TableContext,
  session: WriteSession,
  snapshot: TableSnapshot,
  source: MergeSource,
  { deleteMissing, ...options }: MergeOptions,
): Promise<Match> {
  const comparison = compare(snapshot, source, options);
  const places = placesFor(snapshot, comparison, options);
  const live = [...snapshot.liveFiles.values()];
  const near = places ? live : await filesWithKeys(session, snapshot, source, live);
  const read = deleteMissing === undefined ? near : live;
  const files = await localFiles(context, read);
  const isNear = new Set(near);
  const candidates = files.flatMap((file, number) => (isNear.has(file.add) ? [{ file, number }] : []));

  const keepRows = comparison.isNarrow ? keepBoth : keepApart;
  const { matchedTable, changedTable } = places
    ? await keepPlaced(session, source, places)
    : await keepRows(session, snapshot, source, candidates, comparison);
  const missingTable =
    deleteMissing === undefined
      ? undefined
      : await keepMissing(session, snapshot, source, files, deleteMissing);

  const { matched, changed, moved, missing, gone } = await countMatches(session, {
    matchedTable,
    changedTable,
    missingTable,
  });
  const touched = files.flatMap((file, number) => {
    const rows = gone.get(number);
    return rows === undefined ? [] : [{ file, number, gone: rows }];
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

type Tables = Pick<Match, "matchedTable" | "changedTable" | "missingTable">;

/** How many rows the tables name, and how many of them leave each file. */
async function countMatches(session: WriteSession, { matchedTable, changedTable, missingTable }: Tables) {
  const counts = await session.numbers(
    `select 0, -1, count(distinct ${SOURCE_ROW}), 0 from ${matchedTable}
     union all select 1, ${FILE}, count(*), count(*) filter (where ${MOVED}) from ${changedTable} group by ${FILE}
     ${missingTable ? `union all select 2, ${FILE}, count(*), 0 from ${missingTable} group by ${FILE}` : ""}`,
  );
  const sums = [0, 0, 0];
  const gone = new Map<number, number>();
  let moved = 0;
  for (const [kind = 0, file = -1, rows = 0, movedRows = 0] of counts) {
    sums[kind] = (sums[kind] ?? 0) + rows;
    moved += movedRows;
    if (kind > 0) gone.set(file, (gone.get(file) ?? 0) + rows);
  }
  const [matched = 0, changed = 0, missing = 0] = sums;
  return { matched, changed, moved, missing, gone };
}

/** The positions of all rows that leave their file. */
export function goneSql({ changedTable, missingTable }: Omit<Tables, "matchedTable">): string {
  const changed = `select ${FILE}, ${ROW} from ${changedTable}`;
  return missingTable ? `${changed} union all select ${FILE}, ${ROW} from ${missingTable}` : changed;
}

export async function dropMatch(
  session: WriteSession,
  { matchedTable, changedTable, missingTable }: Tables,
): Promise<void> {
  for (const table of new Set([matchedTable, changedTable, missingTable]))
    if (table) await session.drop(table);
}

type Numbered = readonly { readonly file: LocalFile; readonly number: number }[];

/** How a row of the table, `t`, is held against one of the source, `s`. */
interface Comparison {
  /** SQL that is true where they differ. */
  readonly differ: string;
  /** SQL that is true where the row moves to another partition. */
  readonly move: string;
  /** What is to be read of the table to know it, and to tell the old values where the change feed needs them. */
  readonly columns: readonly Column[];
  readonly isFed: boolean;
  /** Knowing it means to read little more than the key. */
  readonly isNarrow: boolean;
}

function compare(
  snapshot: TableSnapshot,
  source: MergeSource,
  { provenance = [], replaces = false }: Pick<MergeOptions, "provenance" | "replaces">,
): Comparison {
  const { columns, partitionColumns } = snapshot;
  const ignored = new Set(
    [...source.key.map(({ name }) => name), ...provenance].map((name) => name.toLowerCase()),
  );
  const compared = replaces ? [] : columns.filter(({ name }) => !ignored.has(name.toLowerCase()));
  const partitions = columns.filter(({ name }) => partitionColumns.includes(name));
  const isFed = hasChangeFeed(snapshot);
  const needed = new Set([...source.key, ...compared, ...partitions]);
  return {
    differ: replaces ? REPLACED : anyDiffers(compared),
    move: anyDiffers(partitions),
    columns: isFed ? columns : columns.filter((column) => needed.has(column)),
    isFed,
    isNarrow: !isFed && compared.length <= source.key.length,
  };
}

function anyDiffers(columns: readonly Column[]): string {
  return columns.length > 0 ? columns.map((column) => differs(column, "t", "s")).join(" or ") : "false";
}

interface Kept {
  readonly matchedTable: string;
  readonly changedTable: string;
}

/** Reads the keys first, for they tell the rows that need a closer look. */
async function keepApart(
  session: WriteSession,
  snapshot: TableSnapshot,
  source: MergeSource,
  candidates: Numbered,
  { differ, move, columns, isFed }: Comparison,
): Promise<Kept> {
  const matchedTable = await session.keep(
    `select ${numberSql(candidates)} as ${FILE}, t.${ROW}, s.${SOURCE_ROW}
     from (${scanNumbered(snapshot, candidates, source.key)}) t join ${source.table} s on ${source.sameKey}`,
  );
  const matched = await session.numbers(
    `select ${FILE}, min(${ROW}), max(${ROW}) from ${matchedTable} group by all`,
  );
  const spans = new Map(matched.map(([number = -1, first = 0, last = 0]) => [number, { first, last }]));
  const list = [
    `m.${FILE}, m.${ROW}, m.${SOURCE_ROW}, ${move} as ${MOVED}`,
    ...(isFed ? [columnList(snapshot.columns, "t.")] : []),
  ];
  const changedTable = await session.keep(
    `select ${list.join(", ")} from (${scanSpans(snapshot, candidates, spans, columns)}) t
     join ${matchedTable} m on m.${FILE} = t.${FILE} and m.${ROW} = t.${ROW}
     join ${source.table} s on s.${SOURCE_ROW} = m.${SOURCE_ROW} where ${differ}`,
  );
  return { matchedTable, changedTable };
}

type Spans = ReadonlyMap<number, { readonly first: number; readonly last: number }>;

/** So many files are read one by one, each from its first row of a span to the last; of more, spans are passed over. */
const MAX_SPANS = 32;

function scanSpans(
  snapshot: TableSnapshot,
  candidates: Numbered,
  spans: Spans,
  columns: readonly Column[],
): string {
  const holders = candidates.filter(({ number }) => spans.has(number));
  if (holders.length === 0 || holders.length > MAX_SPANS)
    return `select t.* replace (${numberSql(holders)} as ${FILE}) from (${scanNumbered(snapshot, holders, columns)}) t`;
  return holders
    .map((one) => {
      const { first, last } = spans.get(one.number) ?? { first: 0, last: 0 };
      return `select * replace (${one.number}::bigint as ${FILE}) from (${scanNumbered(snapshot, [one], columns)})
        where ${ROW} between ${first} and ${last}`;
    })
    .join(" union all ");
}

/** What the caller found, where it found it in this very snapshot and no more than the keys is asked of the rows. */
function placesFor(
  snapshot: TableSnapshot,
  { differ, columns, isFed }: Comparison,
  { places, key }: Pick<MergeOptions, "places" | "key">,
): Places | undefined {
  const isAll = differ === REPLACED && !isFed && columns.length === key.length;
  return isAll && places?.at === snapshot ? places : undefined;
}

async function keepPlaced(session: WriteSession, source: MergeSource, { sql }: Places): Promise<Kept> {
  const table = await session.keep(
    `select t.${FILE}, t.${ROW}, s.${SOURCE_ROW}, false as ${MOVED}
     from (${sql}) t join ${source.table} s on ${source.sameKey}`,
  );
  return { matchedTable: table, changedTable: table };
}

/** Reads keys and compared columns at once, where the first alone would cost nearly as much. */
async function keepBoth(
  session: WriteSession,
  snapshot: TableSnapshot,
  source: MergeSource,
  candidates: Numbered,
  { differ, move, columns }: Comparison,
): Promise<Kept> {
  const matchedTable = await session.keep(
    `select ${numberSql(candidates)} as ${FILE}, t.${ROW}, s.${SOURCE_ROW}, ${move} as ${MOVED}, ${differ} as ${CHANGED}
     from (${scanNumbered(snapshot, candidates, columns)}) t join ${source.table} s on ${source.sameKey}`,
  );
  if (differ === REPLACED) return { matchedTable, changedTable: matchedTable };
  const changedTable = await session.keep(
    `select * exclude (${CHANGED}) from ${matchedTable} where ${CHANGED}`,
  );
  return { matchedTable, changedTable };
}

/** Finds the rows first: the old values are for the change feed alone, may be wide, and often are of no row at all. */
async function keepMissing(
  session: WriteSession,
  snapshot: TableSnapshot,
  source: MergeSource,
  files: readonly LocalFile[],
  scope: string,
): Promise<string> {
  const rows = `select * from (${scanSql(snapshot, files, { positions: true })}) where (${scope})`;
  const missing = await session.keep(
    `select t.${FILE}, t.${ROW} from (${rows}) t anti join ${source.table} s on ${source.sameKey}`,
  );
  if (!hasChangeFeed(snapshot)) return missing;
  const numbers = await session.numbers(`select distinct ${FILE} from ${missing}`);
  const holding = new Set(numbers.map(([number]) => number));
  const holders = files.flatMap((file, number) => (holding.has(number) ? [{ file, number }] : []));
  const old = await session.keep(
    `select m.${FILE}, m.${ROW}, ${columnList(snapshot.columns, "t.")}
     from (${scanNumbered(snapshot, holders, snapshot.columns)}) t
     join ${missing} m on m.${FILE} = ${numberSql(holders)} and m.${ROW} = t.${ROW}`,
  );
  await session.drop(missing);
  return old;
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
