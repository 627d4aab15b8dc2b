import type { Storage, StoredObject } from "../storage/storage.ts";
import type { Metadata } from "./actions.ts";
import { VersionNotFoundError } from "./errors.ts";
import { commitKey, listLog, readCommit } from "./log.ts";

/** From which version and time on commits carry their own time; undefined when they do not. */
export function inCommitTimes(metadata: Metadata): { version: number; timestamp: number } | undefined {
  const { configuration } = metadata;
  if (configuration["delta.enableInCommitTimestamps"] !== "true") return undefined;
  return {
    version: Number(configuration["delta.inCommitTimestampEnablementVersion"] ?? 0),
    timestamp: Number(configuration["delta.inCommitTimestampEnablementTimestamp"] ?? 0),
  };
}

/** When a version was committed: its own time where the table keeps one, else the time of its file. */
export async function commitTime(
  storage: Storage,
  root: string,
  metadata: Metadata,
  version: number,
): Promise<Date> {
  const own = inCommitTimes(metadata);
  const time = own && version >= own.version ? await ownTime(storage, root, version) : undefined;
  if (time !== undefined) return new Date(time);
  const file = await storage.stat(commitKey(root, version));
  if (!file) throw new VersionNotFoundError(`${commitKey(root, version)} is no longer in ${storage.url}.`);
  return wholeMilliseconds(file.modifiedAt);
}

async function ownTime(storage: Storage, root: string, version: number): Promise<number | undefined> {
  for (const action of (await readCommit(storage, root, version)) ?? []) {
    if (!("commitInfo" in action)) continue;
    const { inCommitTimestamp } = action.commitInfo;
    if (typeof inCommitTimestamp === "number") return inCommitTimestamp;
  }
  return undefined;
}

/** The newest version committed at or before `at`. */
export async function versionAt(
  storage: Storage,
  root: string,
  metadata: Metadata,
  at: Date,
): Promise<number> {
  const { commits } = await listLog(storage, root);
  const own = inCommitTimes(metadata);
  const isOwn = own !== undefined && at.getTime() >= own.timestamp;
  const candidates = [...commits].filter(
    ([version]) => own === undefined || version >= own.version === isOwn,
  );
  const found = isOwn
    ? await searchOwnTimes(storage, root, candidates, at)
    : searchFileTimes(candidates, at.getTime());
  if (found !== undefined) return found;
  throw new VersionNotFoundError(
    `The table ${root || storage.url} has no version as old as ${at.toISOString()}; ask for a later time.`,
  );
}

/** File times can run backwards between machines: each counts at least one millisecond after the one before. */
function searchFileTimes(
  commits: readonly (readonly [number, StoredObject])[],
  at: number,
): number | undefined {
  let found: number | undefined;
  let previous = Number.NEGATIVE_INFINITY;
  for (const [version, { modifiedAt }] of commits) {
    previous = Math.max(previous + 1, Math.floor(modifiedAt.getTime()));
    if (previous > at) break;
    found = version;
  }
  return found;
}

async function searchOwnTimes(
  storage: Storage,
  root: string,
  commits: readonly (readonly [number, StoredObject])[],
  at: Date,
): Promise<number | undefined> {
  let low = 0;
  let high = commits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const version = commits[middle]?.[0] ?? 0;
    const time = (await ownTime(storage, root, version)) ?? 0;
    if (time <= at.getTime()) low = middle + 1;
    else high = middle;
  }
  return commits[low - 1]?.[0];
}

/** Times of the log are milliseconds; a file system may tell more, and then `<=` would fail on equal times. */
export function wholeMilliseconds(time: Date): Date {
  return new Date(Math.floor(time.getTime()));
}
