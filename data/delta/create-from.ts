import { crashPoint } from "../crash-point.ts";
import { countFiles, createTableLog, withdraw } from "./commit.ts";
import { publishFiles } from "./data-files.ts";
import type { TableContext } from "./open-table.ts";
import { addActions } from "./removed-file.ts";
import { Replay } from "./replay.ts";
import type { CreateOptions, Source, WriteOptions, WriteResult } from "./table.ts";
import { toMetadata, toProperties, toProtocol } from "./table-definition.ts";
import { tableSnapshot } from "./table-snapshot.ts";
import { writeSource } from "./write-rows.ts";
import { openSession } from "./write-session.ts";

/** Nobody sees the table before its rows, and a death on the way leaves no table. */
export async function createFrom(
  context: TableContext,
  source: Source,
  { txn, signal, info, ...definition }: CreateOptions & Omit<WriteOptions, "onto">,
): Promise<WriteResult | undefined> {
  const metadata = toMetadata(definition, context.name);
  const protocol = toProtocol(definition.columns, toProperties(definition.properties));
  await using session = await openSession(context, source);
  const replay = new Replay();
  replay.apply([{ protocol }, { metaData: metadata }]);
  const coming = tableSnapshot({
    ...context,
    version: -1,
    state: replay.state,
    protocol,
    metadata,
    commit: undefined,
    timestamp: undefined,
  });
  const newFiles = await writeSource(coming, session, source, context.name);
  crashPoint("files-written");

  const operation = {
    name: "CREATE TABLE AS SELECT",
    parameters: { partitionBy: JSON.stringify(metadata.partitionColumns) },
    ...(txn && { txn }),
    ...(info && { info }),
  };
  const actions = [{ protocol }, { metaData: metadata }, ...addActions(newFiles)];
  const rows = { inserted: newFiles.reduce((sum, file) => sum + file.rows, 0), updated: 0, deleted: 0 };
  // Files first: a log must never name a file that a crash kept from being there.
  await publishFiles(newFiles);
  crashPoint("files-published");
  const isMade = !signal?.aborted && (await createTableLog(context, operation, { actions, rows }));
  if (!isMade) {
    await withdraw(context, newFiles);
    signal?.throwIfAborted();
    return undefined;
  }
  crashPoint("committed");
  return { version: 0, outcome: "committed", rows, files: countFiles(actions) };
}
