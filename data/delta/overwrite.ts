import { type Proposal, transact } from "./commit.ts";
import { discardFiles, type NewFile } from "./data-files.ts";
import { type LocalFile, scanSql } from "./file-scan.ts";
import { fingerprint } from "./fingerprint.ts";
import type { TableContext } from "./open-table.ts";
import { addActions, removeActions, rowsOf, sumOfRows } from "./removed-file.ts";
import { replaceWhere } from "./replace-where.ts";
import type { Source, WriteOptions, WriteResult } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { checkRemovable } from "./writable.ts";
import { writeSource } from "./write-rows.ts";
import { localFiles, openSession, type WriteSession } from "./write-session.ts";

/** Replaces all rows, or those within a condition. Rows that are there already make no commit. */
export async function overwrite(
  context: TableContext,
  source: Source,
  { where, ...options }: WriteOptions & { readonly where?: string } = {},
): Promise<WriteResult> {
  if (where !== undefined) return replaceWhere(context, { ...options, where, source, name: "WRITE" });
  await using session = await openSession(context, source);
  const operation = { ...options, name: "WRITE", parameters: { mode: "Overwrite" } };

  return await transact(context, operation, async (snapshot) => {
    const newFiles = await writeSource(snapshot, session, source, context.name);
    const old = [...snapshot.liveFiles.values()];
    if (await isSameContent(context, session, snapshot, old, newFiles)) {
      await discardFiles(newFiles);
      return undefined;
    }
    if (old.length > 0) checkRemovable(snapshot, context.name);
    return replacement(old, newFiles);
  });
}

/** Whole files go and come, from which readers tell the changes themselves: no change files. */
function replacement(old: Parameters<typeof removeActions>[0], newFiles: readonly NewFile[]): Proposal {
  const inserted = newFiles.reduce((sum, { rows }) => sum + rows, 0);
  return {
    actions: [...removeActions(old), ...addActions(newFiles)],
    newFiles,
    read: "everything",
    rows: { inserted, updated: 0, deleted: sumOfRows(old) },
  };
}

async function isSameContent(
  context: TableContext,
  session: WriteSession,
  snapshot: TableSnapshot,
  old: readonly LocalFile["add"][],
  newFiles: readonly NewFile[],
): Promise<boolean> {
  const rows = newFiles.reduce((sum, file) => sum + file.rows, 0);
  if (old.every((file) => rowsOf(file) !== undefined) && sumOfRows(old) !== rows) return false;
  const before = await fingerprint(session, snapshot, scanSql(snapshot, await localFiles(context, old)));
  return before === (await fingerprint(session, snapshot, scanSql(snapshot, newFiles)));
}
