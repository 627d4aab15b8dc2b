import { type Proposal, transact } from "./commit.ts";
import { type NewFile, toChangeFile } from "./data-files.ts";
import { scanSql } from "./file-scan.ts";
import { hideRows, isHideable } from "./hide-rows.ts";
import { filesWithKeys } from "./key-files.ts";
import { dropMatch, findMatches, goneSql, type Match } from "./merge-match.ts";
import { keepSource, type MergeSource } from "./merge-source.ts";
import { writeApart, writeChanges, writeTouched } from "./merge-write.ts";
import type { TableContext } from "./open-table.ts";
import { fileKey } from "./path.ts";
import { addActions, removeActions } from "./removed-file.ts";
import type { MergeOptions, Source, WriteResult } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { checkRemovable, hasChangeFeed } from "./writable.ts";
import { localFiles, openSession, type WriteSession } from "./write-session.ts";

/**
 * Makes the table have the source's rows, by key: new keys are inserted, rows that differ are updated, and rows
 * within `deleteMissing` whose key the source lacks are deleted. A null in a key equals another null.
 */
export async function merge(
  context: TableContext,
  source: Source,
  options: MergeOptions,
): Promise<WriteResult> {
  await using session = await openSession(context, source);
  const { key, deleteMissing, txn, signal, info } = options;
  const operation = {
    name: "MERGE",
    parameters: { key: JSON.stringify(key), ...(deleteMissing !== undefined && { deleteMissing }) },
    ...(txn && { txn }),
    ...(signal && { signal }),
    ...(info && { info }),
  };
  let kept: { schema: string; source: MergeSource } | undefined;

  return await transact(context, operation, async (snapshot) => {
    // The source is read once, however often the merge is tried; only another schema casts it anew.
    const schema = snapshot.metadata.schemaString;
    const duckdb = await context.openDuckDB();
    if (kept?.schema !== schema) {
      // How much the source is, is known when it is kept.
      await using _spared = await duckdb.spare(snapshot.sizeBytes);
      kept = { schema, source: await keepSource(session, snapshot, source, options, context.name) };
    }
    await using _spared = await duckdb.spare(bytesLike(snapshot, kept.source.rows));
    const match = await findMatches(context, session, snapshot, kept.source, options);
    try {
      if (match.inserted + match.changed + match.missing === 0) return undefined;
      return await propose(context, session, snapshot, match, deleteMissing);
    } finally {
      await dropMatch(session, match);
    }
  });
}

/** What so many rows take as the table has them: few rows are little work, however large the table. */
function bytesLike(snapshot: TableSnapshot, rows: number): number {
  const all = snapshot.rowCount();
  return all ? (snapshot.sizeBytes / all) * rows : snapshot.sizeBytes;
}

async function propose(
  context: TableContext,
  session: WriteSession,
  snapshot: TableSnapshot,
  match: Match,
  deleteMissing: string | undefined,
): Promise<Proposal> {
  if (match.touched.length > 0) checkRemovable(snapshot, context.name);
  const hiding = match.touched.filter(({ file, gone }) => isHideable(snapshot, file.add, gone));
  const rewriting = match.touched.filter((touched) => !hiding.includes(touched));
  const rewritten = await writeTouched(session, snapshot, match, rewriting);
  const apart = await writeApart(session, snapshot, match, hiding);
  const hidden = await hideRows(session, snapshot, hiding, goneSql(match));
  // A commit that only inserts needs none: its new files say it all.
  const changes: NewFile[] =
    match.touched.length > 0 && hasChangeFeed(snapshot) ? await writeChanges(session, snapshot, match) : [];

  return {
    actions: [
      ...removeActions(match.touched.map(({ file }) => file.add)),
      ...addActions([...hidden.files, ...rewritten, ...apart]),
      ...changes.map((file) => ({ cdc: toChangeFile(file) })),
    ],
    newFiles: [...rewritten, ...apart, ...hidden.newFiles, ...changes],
    read: {
      files: new Set(match.read.map(fileKey)),
      mayMatter: (added) => hasKeys(context, session, snapshot, match.source, added, deleteMissing),
    },
    rows: { inserted: match.inserted, updated: match.changed, deleted: match.missing },
    metrics: { numSourceRows: match.source.rows, numDeletionVectorsAdded: hidden.files.length },
  };
}

/** Whether files added by another writer hold a key of the source, or rows of the scope. */
async function hasKeys(
  context: TableContext,
  session: WriteSession,
  snapshot: TableSnapshot,
  source: MergeSource,
  added: Parameters<typeof filesWithKeys>[3],
  deleteMissing: string | undefined,
): Promise<boolean> {
  const near = await filesWithKeys(session, snapshot, source, added);
  const [[matching = 0] = []] = await session.numbers(
    `select count(*) from (select 1 from (${scanSql(snapshot, await localFiles(context, near), { columns: source.key })}) t
     join ${source.table} s on ${source.sameKey} limit 1)`,
  );
  if (matching > 0 || deleteMissing === undefined) return matching > 0;
  const [[inScope = 0] = []] = await session.numbers(
    `select count(*) from (select 1 from (${scanSql(snapshot, await localFiles(context, added))}) where (${deleteMissing}) limit 1)`,
  );
  return inScope > 0;
}
