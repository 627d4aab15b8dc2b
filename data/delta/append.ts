import { transact } from "./commit.ts";
import type { TableContext } from "./open-table.ts";
import { addActions } from "./removed-file.ts";
import type { Source, WriteOptions, WriteResult } from "./table.ts";
import { writeSource } from "./write-rows.ts";
import { openSession } from "./write-session.ts";

export async function append(
  context: TableContext,
  source: Source,
  options: WriteOptions = {},
): Promise<WriteResult> {
  await using session = await openSession(context, source);
  const operation = { ...options, name: "WRITE", parameters: { mode: "Append" }, isBlind: true };

  return await transact(context, operation, async (snapshot) => {
    const newFiles = await writeSource(snapshot, session, source, context.name);
    if (newFiles.length === 0) return undefined;
    const inserted = newFiles.reduce((sum, { rows }) => sum + rows, 0);
    return {
      actions: addActions(newFiles),
      newFiles,
      read: "nothing",
      rows: { inserted, updated: 0, deleted: 0 },
    };
  });
}
