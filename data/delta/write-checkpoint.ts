import { open, rm } from "node:fs/promises";
import { crashPoint } from "../crash-point.ts";
import { quote } from "../sql/duckdb.ts";
import type { Action } from "./actions.ts";
import { logFolder, versionName } from "./log.ts";
import type { TableContext } from "./open-table.ts";
import { retentionMs } from "./retention.ts";
import { readSnapshot } from "./snapshot.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { checkWritable } from "./writable.ts";

const INTERVAL = 10;
const LEAST_OBJECT_BYTES = 1024 ** 2;
/** Lines written before the event loop gets its turn. */
const LINES_AT_ONCE = 500;

const values = "MAP(VARCHAR, VARCHAR)";
const vector =
  'STRUCT(storageType VARCHAR, pathOrInlineDv VARCHAR, "offset" INTEGER, sizeInBytes INTEGER, cardinality BIGINT)';

/** The columns with exactly the types that readers of other engines expect. */
const checkpointColumns = {
  txn: "STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)",
  add: `STRUCT(path VARCHAR, partitionValues ${values}, size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, stats VARCHAR, tags ${values}, deletionVector ${vector})`,
  remove: `STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, partitionValues ${values}, size BIGINT, deletionVector ${vector})`,
  metaData: `STRUCT(id VARCHAR, name VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options ${values}), schemaString VARCHAR, partitionColumns VARCHAR[], createdTime BIGINT, configuration ${values})`,
  protocol:
    "STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])",
};

/** After a commit that makes a checkpoint due. The commit stands; if this fails the next one that is due makes up for it. */
export async function checkpointWhenDue(context: TableContext, version: number): Promise<void> {
  const { storage, root, openDuckDB } = context;
  if (version === 0 || version % INTERVAL !== 0) return;
  try {
    await writeCheckpoint(context, await readSnapshot(storage, root, openDuckDB));
  } catch {
    // A reader without it replays more commits and finds the same table.
  }
}

/** Writes the state of the newest version as one file, from which readers start. */
export async function checkpoint(context: TableContext): Promise<number> {
  const snapshot = await readSnapshot(context.storage, context.root, context.openDuckDB);
  checkWritable(snapshot, context.name);
  await writeCheckpoint(context, snapshot);
  return snapshot.version;
}

async function writeCheckpoint(
  { storage, root, openDuckDB }: TableContext,
  snapshot: TableSnapshot,
): Promise<void> {
  const name = `${versionName(snapshot.version)}.checkpoint.parquet`;
  const actions = stateActions(snapshot);
  const lines = await storage.draft(`${logFolder(root)}checkpoint.json`);
  const draft = await storage.draft(`${logFolder(root)}${name}`);
  try {
    const longestBytes = await writeLines(lines.path, actions);
    const columns = Object.entries(checkpointColumns).map(([column, type]) => `${column}: ${quote(type)}`);
    const duckdb = await openDuckDB();
    await duckdb.run(
      `copy (select * from read_json(${quote(lines.path)}, format = 'newline_delimited', columns = {${columns.join(", ")}}, maximum_object_size = ${longestBytes}))
       to ${quote(draft.path)} (format parquet, compression zstd)`,
    );
    crashPoint("checkpoint-unpublished");
    const { sizeBytes } = await draft.publish();
    crashPoint("checkpoint-unhinted");
    const hint = {
      version: snapshot.version,
      size: actions.length,
      sizeInBytes: sizeBytes,
      numOfAddFiles: snapshot.fileCount,
    };
    await storage.put(`${logFolder(root)}_last_checkpoint`, JSON.stringify(hint));
  } finally {
    await draft.discard();
    await rm(lines.path, { force: true });
  }
}

function stateActions(snapshot: TableSnapshot): Action[] {
  const { protocolAction, metadata, state, liveFiles, tombstones, properties } = snapshot;
  const kept = Date.now() - retentionMs(properties);
  return [
    { protocol: protocolAction },
    { metaData: metadata },
    ...[...state.txns.values()].map((txn) => ({ txn })),
    ...[...liveFiles.values()].map((add) => ({ add: { ...add, dataChange: false } })),
    ...[...tombstones.values()]
      .filter(({ deletionTimestamp = 0 }) => deletionTimestamp > kept)
      .map((remove) => ({ remove: { ...remove, dataChange: false } })),
  ];
}

/** Returns the length of the longest line: DuckDB's buffers are as large as the longest object it may meet. */
async function writeLines(path: string, actions: readonly Action[]): Promise<number> {
  const file = await open(path, "w");
  let longest = LEAST_OBJECT_BYTES;
  try {
    for (let from = 0; from < actions.length; from += LINES_AT_ONCE) {
      const lines = actions.slice(from, from + LINES_AT_ONCE).map((action) => JSON.stringify(action));
      for (const line of lines) longest = Math.max(longest, Buffer.byteLength(line) + 1);
      await file.write(`${lines.join("\n")}\n`);
    }
    return longest;
  } finally {
    await file.close();
  }
}
