import { DataError } from "../errors.ts";
import type { Action } from "./actions.ts";
import { type Proposal, transact } from "./commit.ts";
import { discardFiles, type NewFile, toChangeFile, writeFiles } from "./data-files.ts";
import { FILE, type LocalFile, ROW, scanSql } from "./file-scan.ts";
import { fingerprint } from "./fingerprint.ts";
import { type Hidden, hideRows, isHideable } from "./hide-rows.ts";
import type { TableContext } from "./open-table.ts";
import { fileKey } from "./path.ts";
import { addActions, removeActions, rowsOf } from "./removed-file.ts";
import type { Source, WriteOptions, WriteResult } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { checkRemovable, hasChangeFeed } from "./writable.ts";
import { columnList, writeSource, writingTo } from "./write-rows.ts";
import { localFiles, openSession, type WriteSession } from "./write-session.ts";

interface Replacement extends WriteOptions {
  /** A SQL condition on the table's columns: rows for which it is true go. */
  readonly where: string;
  /** The rows that come instead; all of them must be within the condition. */
  readonly source?: Source;
  readonly name: string;
}

/** The files with rows that go, and how many of each. */
interface Hit extends LocalFile {
  readonly rows: number;
}

export async function deleteWhere(
  context: TableContext,
  where: string,
  options: WriteOptions = {},
): Promise<WriteResult> {
  return replaceWhere(context, { ...options, where, name: "DELETE" });
}

export async function replaceWhere(context: TableContext, replacement: Replacement): Promise<WriteResult> {
  const { where, source } = replacement;
  await using session = await openSession(context, source);
  const parameters = { predicate: where, ...(source && { mode: "Overwrite" }) };

  return await transact(context, { ...replacement, parameters }, async (snapshot) => {
    const files = await localFiles(context, [...snapshot.liveFiles.values()]);
    const hits = await findHits(session, snapshot, files, where);
    const added = source ? await writeSource(snapshot, session, source, context.name) : [];
    await checkWithin(context, session, snapshot, added, where);
    if (hits.length + added.length === 0 || (await isSame(session, snapshot, hits, added, where))) {
      await discardFiles(added);
      return undefined;
    }
    if (hits.length > 0) checkRemovable(snapshot, context.name);
    return propose(context, session, snapshot, { hits, added, where });
  });
}

async function findHits(
  session: WriteSession,
  snapshot: TableSnapshot,
  files: readonly LocalFile[],
  where: string,
): Promise<Hit[]> {
  const counts = await session.numbers(
    `select ${FILE}, count(*) from (${scanSql(snapshot, files, { positions: true })}) where (${where}) group by all`,
  );
  return counts.flatMap(([index = -1, rows = 0]) => {
    const file = files[index];
    return file ? [{ ...file, rows }] : [];
  });
}

async function checkWithin(
  { name }: TableContext,
  session: WriteSession,
  snapshot: TableSnapshot,
  added: readonly NewFile[],
  where: string,
): Promise<void> {
  if (added.length === 0) return;
  const [[outside = 0] = []] = await session.numbers(
    `select count(*) from (${scanSql(snapshot, added)}) where (${where}) is not true`,
  );
  if (outside === 0) return;
  await discardFiles(added);
  throw new DataError(
    `${outside} of the rows for ${name} lie outside the condition of the overwrite; filter them or widen it.`,
  );
}

async function isSame(
  session: WriteSession,
  snapshot: TableSnapshot,
  hits: readonly Hit[],
  added: readonly NewFile[],
  where: string,
): Promise<boolean> {
  const rows = (files: readonly { rows: number }[]) => files.reduce((sum, file) => sum + file.rows, 0);
  if (rows(hits) !== rows(added)) return false;
  const gone = `select * from (${scanSql(snapshot, hits)}) where (${where})`;
  return (
    (await fingerprint(session, snapshot, gone)) ===
    (await fingerprint(session, snapshot, scanSql(snapshot, added)))
  );
}

interface Found {
  readonly hits: readonly Hit[];
  readonly added: readonly NewFile[];
  readonly where: string;
}

async function propose(
  { storage, root }: TableContext,
  session: WriteSession,
  snapshot: TableSnapshot,
  { hits, added, where }: Found,
): Promise<Proposal> {
  const writing = writingTo(snapshot, session);
  const partial = hits.filter(({ add, rows }) => rowsOf(add) !== rows);
  const hiding = partial.filter(({ add, rows }) => isHideable(snapshot, add, rows));
  const rewriting = partial.filter((hit) => !hiding.includes(hit));
  const hidden = await hideWhere(session, snapshot, hiding, where);
  const rewritten: NewFile[] = [];
  for (const file of rewriting) {
    const sql = `select * from (${scanSql(snapshot, [file])}) where (${where}) is not true`;
    rewritten.push(...(await writeFiles({ ...writing, sql, partition: file.add.partitionValues })));
  }
  // Files that go whole say themselves which rows went; the difference of two vectors is more than some readers take.
  const changes =
    partial.length > 0 && hasChangeFeed(snapshot)
      ? await writeChanges(session, snapshot, hits, added, where)
      : [];
  const actions: Action[] = [
    ...removeActions(hits.map(({ add }) => add)),
    ...addActions([...hidden.files, ...rewritten, ...added]),
    ...changes.map((file) => ({ cdc: toChangeFile(file) })),
  ];
  return {
    actions,
    newFiles: [...hidden.newFiles, ...rewritten, ...added, ...changes],
    read: {
      files: new Set(hits.map(({ add }) => fileKey(add))),
      async mayMatter(news) {
        const files = await localFiles({ storage, root }, news);
        return (await findHits(session, snapshot, files, where)).length > 0;
      },
    },
    rows: {
      inserted: added.reduce((sum, { rows }) => sum + rows, 0),
      updated: 0,
      deleted: hits.reduce((sum, { rows }) => sum + rows, 0),
    },
    metrics: { numDeletionVectorsAdded: hidden.files.length },
  };
}

function hideWhere(
  session: WriteSession,
  snapshot: TableSnapshot,
  hits: readonly Hit[],
  where: string,
): Promise<Hidden> {
  const rows = `select ${FILE}, ${ROW} from (${scanSql(snapshot, hits, { positions: true })}) where (${where})`;
  const files = hits.map((file, number) => ({ file, number }));
  return hideRows(session, snapshot, files, rows);
}

async function writeChanges(
  session: WriteSession,
  snapshot: TableSnapshot,
  hits: readonly Hit[],
  added: readonly NewFile[],
  where: string,
): Promise<NewFile[]> {
  const list = columnList(snapshot.columns);
  const gone = `select ${list}, 'delete' as _change_type from (${scanSql(snapshot, hits)}) where (${where})`;
  const come = `select ${list}, 'insert' as _change_type from (${scanSql(snapshot, added)})`;
  const sql = added.length > 0 ? `${gone} union all ${come}` : gone;
  return writeFiles({ ...writingTo(snapshot, session), sql, kind: "changes" });
}
