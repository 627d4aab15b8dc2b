import type { AddFile } from "./actions.ts";
import { transact } from "./commit.ts";
import { discardFiles, publishFiles } from "./data-files.ts";
import type { TableContext } from "./open-table.ts";
import { addActions, removeActions, sumOfRows } from "./removed-file.ts";
import { readSnapshot } from "./snapshot.ts";
import type { Source, StagedRows, WriteOptions, WriteResult } from "./table.ts";
import { checkRemovable, checkWritable } from "./writable.ts";
import { writeSource } from "./write-rows.ts";
import { openSession } from "./write-session.ts";

/** Writes rows as files that lie under the table and are no part of it until a commit takes them up. */
export async function stage(context: TableContext, source: Source): Promise<StagedRows> {
  await using session = await openSession(context, source);
  const snapshot = await readSnapshot(context.storage, context.root, context.openDuckDB);
  checkWritable(snapshot, context.name);
  const files = await writeSource(snapshot, session, source, context.name);
  try {
    await publishFiles(files);
  } catch (error) {
    await discardFiles(files);
    throw error;
  }
  return { files: files.map(({ add }) => add), rows: files.reduce((sum, { rows }) => sum + rows, 0) };
}

/** Makes the staged rows, of any number of writers, the table's only rows in one commit. */
export function replaceWithStaged(
  context: TableContext,
  staged: readonly StagedRows[],
  options: WriteOptions = {},
): Promise<WriteResult> {
  const files = staged.flatMap((part) => part.files as readonly AddFile[]);
  const inserted = staged.reduce((sum, part) => sum + part.rows, 0);
  const operation = { ...options, name: "WRITE", parameters: { mode: "Overwrite" } };

  return transact(context, operation, async (snapshot) => {
    const old = [...snapshot.liveFiles.values()];
    // What the caller wants known of the write is worth a commit, even of no rows to a table without any.
    if (old.length === 0 && files.length === 0 && !options.info) return undefined;
    if (old.length > 0) checkRemovable(snapshot, context.name);
    return {
      actions: [...removeActions(old), ...addActions(files.map((add) => ({ add })))],
      newFiles: [],
      read: "everything",
      rows: { inserted, updated: 0, deleted: sumOfRows(old) },
    };
  });
}
