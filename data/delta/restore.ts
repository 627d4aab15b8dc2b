import { DataError } from "../errors.ts";
import type { Action, AddFile } from "./actions.ts";
import { transact } from "./commit.ts";
import { urisOf } from "./deletion-vector.ts";
import { keyOf } from "./locate.ts";
import type { TableContext } from "./open-table.ts";
import { removeActions, sumOfRows } from "./removed-file.ts";
import { readSnapshot } from "./snapshot.ts";
import type { VersionAt, WriteResult } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { checkRemovable, checkWritable } from "./writable.ts";

const STATS_AT_ONCE = 64;

/** Makes the next version hold what an older one held. */
export async function restore(context: TableContext, at: VersionAt): Promise<WriteResult> {
  const { storage, root, openDuckDB, name } = context;
  const old = await readSnapshot(storage, root, openDuckDB, at);
  checkWritable(old, name);
  const operation = { name: "RESTORE", parameters: { version: String(old.version) } };

  return transact(context, operation, async (snapshot) => {
    const removed = [...snapshot.liveFiles].filter(([key]) => !old.liveFiles.has(key)).map(([, add]) => add);
    const added = [...old.liveFiles].filter(([key]) => !snapshot.liveFiles.has(key)).map(([, add]) => add);
    const hasMetadata = isSameDefinition(old, snapshot);
    if (removed.length + added.length === 0 && hasMetadata) return undefined;
    if (removed.length > 0) checkRemovable(snapshot, name);
    await checkPresent(context, old.version, added);
    const actions: Action[] = [
      ...(hasMetadata ? [] : [{ metaData: old.metadata }]),
      ...removeActions(removed),
      ...added.map((add) => ({ add: { ...add, dataChange: true } })),
    ];
    return {
      actions,
      newFiles: [],
      read: "everything",
      rows: { inserted: sumOfRows(added), updated: 0, deleted: sumOfRows(removed) },
    };
  });
}

function isSameDefinition(a: TableSnapshot, b: TableSnapshot): boolean {
  return (
    a.metadata.schemaString === b.metadata.schemaString &&
    JSON.stringify(a.metadata.configuration) === JSON.stringify(b.metadata.configuration) &&
    JSON.stringify(a.metadata.partitionColumns) === JSON.stringify(b.metadata.partitionColumns)
  );
}

async function checkPresent(
  { storage, root, name }: TableContext,
  version: number,
  files: readonly AddFile[],
): Promise<void> {
  const uris = [...new Set(files.flatMap(urisOf))];
  for (let from = 0; from < uris.length; from += STATS_AT_ONCE) {
    const slice = uris.slice(from, from + STATS_AT_ONCE);
    const found = await Promise.all(
      slice.map((uri) => {
        const key = keyOf(storage, root, uri);
        return key === undefined ? undefined : storage.stat(key);
      }),
    );
    if (found.some((object) => !object))
      throw new DataError(
        `${name} cannot be restored to version ${version}: vacuum has removed files of it; choose a later version.`,
      );
  }
}
