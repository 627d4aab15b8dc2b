import type { DuckDB } from "../sql/duckdb.ts";
import type { Storage, StoredObject } from "../storage/storage.ts";
import type { Action } from "./actions.ts";
import { inCommitTimes, versionAt } from "./commit-time.ts";
import { CorruptLogError, TableNotFoundError, VersionNotFoundError } from "./errors.ts";
import { checkReadable } from "./features.ts";
import {
  commitKey,
  type LogListing,
  lastCheckpointHint,
  listLog,
  missingCommit,
  readCommit,
  readCommits,
} from "./log.ts";
import { readCheckpoint } from "./read-checkpoint.ts";
import { type LogState, Replay } from "./replay.ts";
import type { VersionAt } from "./table.ts";
import { type TableSnapshot, tableSnapshot } from "./table-snapshot.ts";

type OpenDuckDB = () => Promise<DuckDB>;

/** The newest snapshot of each table that this process has read, by its storage; they cost only what is newer. */
const newest = new WeakMap<Storage, Map<string, TableSnapshot>>();

/** The table as it is now, or as it was. */
export async function readSnapshot(
  storage: Storage,
  root: string,
  openDuckDB: OpenDuckDB,
  at: VersionAt = {},
): Promise<TableSnapshot> {
  const current = await readNewest(storage, root, openDuckDB);
  const version =
    at.version ?? (at.timestamp && (await versionAt(storage, root, current.metadata, at.timestamp)));
  if (version === undefined || version === current.version) return current;
  if (!Number.isInteger(version) || version < 0 || version > current.version)
    throw new VersionNotFoundError(
      `The table ${nameOf(storage, root)} has no version ${version}; its newest is ${current.version}.`,
    );
  return build(storage, root, openDuckDB, await listLog(storage, root), version);
}

async function readNewest(storage: Storage, root: string, openDuckDB: OpenDuckDB): Promise<TableSnapshot> {
  const known = newest.get(storage) ?? new Map<string, TableSnapshot>();
  newest.set(storage, known);
  const cached = known.get(root);
  const current = cached ? await advance(cached) : await readWhole(storage, root, openDuckDB);
  const latest = known.get(root);
  if (!latest || latest.id !== current.id || latest.version < current.version) known.set(root, current);
  return current;
}

/**
 * The newest snapshot, found from an older one by reading the commits made since. A table whose log is no longer
 * the one that the snapshot was read from is read anew.
 */
export async function advance(snapshot: TableSnapshot): Promise<TableSnapshot> {
  const { storage, root, openDuckDB } = snapshot;
  const [same, next] = await Promise.all([
    storage.stat(commitKey(root, snapshot.version)),
    readCommit(storage, root, snapshot.version + 1),
  ]);
  if (!same || !snapshot.commit || !isSame(same, snapshot.commit))
    return readWhole(storage, root, openDuckDB);
  if (!next) return snapshot;

  const replay = new Replay(snapshot.state);
  let version = snapshot.version;
  for (let actions: Action[] | undefined = next; actions; ) {
    replay.apply(actions);
    version += 1;
    actions = await readCommit(storage, root, version + 1);
  }
  return toSnapshot(storage, root, openDuckDB, version, replay.state);
}

function isSame(a: StoredObject, b: StoredObject): boolean {
  return a.sizeBytes === b.sizeBytes && a.modifiedAt.getTime() === b.modifiedAt.getTime();
}

async function readWhole(storage: Storage, root: string, openDuckDB: OpenDuckDB): Promise<TableSnapshot> {
  const hint = await lastCheckpointHint(storage, root);
  if (hint !== undefined) {
    const recent = await listLog(storage, root, hint);
    if (recent.checkpoints.length > 0) {
      const snapshot = await build(storage, root, openDuckDB, recent, recent.newest).catch(() => undefined);
      if (snapshot) return snapshot;
    }
  }
  const listing = await listLog(storage, root);
  if (listing.newest < 0)
    throw new TableNotFoundError(`There is no Delta table at ${nameOf(storage, root)}: it has no log.`);
  return build(storage, root, openDuckDB, listing, listing.newest);
}

async function build(
  storage: Storage,
  root: string,
  openDuckDB: OpenDuckDB,
  listing: LogListing,
  version: number,
): Promise<TableSnapshot> {
  const { replay, from } = await start(storage, root, openDuckDB, listing, version);
  for await (const { actions } of readCommits(storage, root, from, version)) replay.apply(actions);
  return toSnapshot(storage, root, openDuckDB, version, replay.state);
}

/** The newest checkpoint that can be read; a broken one costs time, and the table only where its commits are gone. */
async function start(
  storage: Storage,
  root: string,
  openDuckDB: OpenDuckDB,
  listing: LogListing,
  version: number,
): Promise<{ replay: Replay; from: number }> {
  let failure: unknown;
  for (const checkpoint of listing.checkpoints) {
    if (checkpoint.version > version) continue;
    try {
      return {
        replay: await readCheckpoint(storage, root, checkpoint, openDuckDB),
        from: checkpoint.version + 1,
      };
    } catch (error) {
      failure ??= error;
    }
  }
  if (listing.commits.has(0)) return { replay: new Replay(), from: 0 };
  throw failure ?? missingCommit(storage, root, 0);
}

async function toSnapshot(
  storage: Storage,
  root: string,
  openDuckDB: OpenDuckDB,
  version: number,
  state: LogState,
): Promise<TableSnapshot> {
  const { protocol, metadata } = state;
  if (!protocol || !metadata)
    throw new CorruptLogError(
      `The log of ${nameOf(storage, root)} has no ${protocol ? "metaData" : "protocol"} up to version ${version}.`,
    );
  checkReadable(protocol, nameOf(storage, root));
  const commit = await storage.stat(commitKey(root, version));
  const timestamp = inCommitTimes(metadata) ? await ownTime(storage, root, version, state) : undefined;
  return tableSnapshot({ storage, root, openDuckDB, version, state, protocol, metadata, commit, timestamp });
}

/** After a checkpoint without commits the time is still in the commit that the checkpoint covers. */
async function ownTime(
  storage: Storage,
  root: string,
  version: number,
  { inCommitTimestamp }: LogState,
): Promise<Date | undefined> {
  if (inCommitTimestamp !== undefined) return new Date(inCommitTimestamp);
  const replay = new Replay();
  replay.apply((await readCommit(storage, root, version)) ?? []);
  const time = replay.state.inCommitTimestamp;
  return time === undefined ? undefined : new Date(time);
}

function nameOf(storage: Storage, root: string): string {
  return root === "" ? storage.url : root;
}
