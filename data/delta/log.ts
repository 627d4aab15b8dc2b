import { setImmediate } from "node:timers/promises";
import { NotFoundError } from "../errors.ts";
import type { Storage, StoredObject } from "../storage/storage.ts";
import { type Action, parseLines } from "./actions.ts";
import { type Checkpoint, groupCheckpoints } from "./checkpoint-name.ts";
import { CorruptLogError, LogGapError } from "./errors.ts";

/** Commits read side by side; enough to hide the latency of an object store. */
const READS_AT_ONCE = 32;
/** Lines parsed before the event loop gets its turn. */
const LINES_AT_ONCE = 200;

export interface LogListing {
  /** The commits found, by version. */
  readonly commits: ReadonlyMap<number, StoredObject>;
  /** Checkpoints with all their parts, the newest first. */
  readonly checkpoints: readonly Checkpoint[];
  /** The greatest version that a commit or a checkpoint has; -1 of an empty log. */
  readonly newest: number;
}

export function logFolder(root: string): string {
  return root === "" ? "_delta_log/" : `${root}/_delta_log/`;
}

export function commitKey(root: string, version: number): string {
  return `${logFolder(root)}${versionName(version)}.json`;
}

export function versionName(version: number): string {
  return String(version).padStart(20, "0");
}

/** What the log holds from version `from` on. */
export async function listLog(storage: Storage, root: string, from = 0): Promise<LogListing> {
  const folder = logFolder(root);
  const commits = new Map<number, StoredObject>();
  const others: StoredObject[] = [];
  // A version without its extension sorts just before all files of that version.
  for await (const object of storage.list(folder, { startAfter: `${folder}${versionName(from)}` })) {
    const name = object.key.slice(folder.length);
    if (!/^\d/.test(name)) break;
    const version = /^(\d{20})\.json$/.exec(name)?.[1];
    if (version !== undefined) commits.set(Number(version), object);
    else if (!name.includes("/")) others.push(object);
  }
  const checkpoints = groupCheckpoints(others, folder);
  const newest = [...commits.keys(), ...checkpoints.map(({ version }) => version)];
  return { commits, checkpoints, newest: newest.reduce((a, b) => Math.max(a, b), -1) };
}

/** The version that `_last_checkpoint` names. It is a hint only: what cannot be read counts as none. */
export async function lastCheckpointHint(storage: Storage, root: string): Promise<number | undefined> {
  try {
    const hint: unknown = JSON.parse(String(await storage.get(`${logFolder(root)}_last_checkpoint`)));
    if (typeof hint !== "object" || hint === null || !("version" in hint)) return undefined;
    return typeof hint.version === "number" && hint.version >= 0 ? hint.version : undefined;
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The actions of one commit; undefined when the log does not have it. */
export async function readCommit(
  storage: Storage,
  root: string,
  version: number,
): Promise<Action[] | undefined> {
  const key = commitKey(root, version);
  let text: string;
  try {
    text = String(await storage.get(key));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
  return parseInTurns(text, key);
}

async function parseInTurns(text: string, source: string): Promise<Action[]> {
  if (text.trim() === "")
    throw new CorruptLogError(
      `${source} is empty; the log was cut: restore the file from a copy of the table.`,
    );
  const lines = text.split("\n");
  const actions: Action[] = [];
  for (let from = 0; from < lines.length; from += LINES_AT_ONCE) {
    if (from > 0) await setImmediate();
    actions.push(...parseLines(lines.slice(from, from + LINES_AT_ONCE), from + 1, source));
  }
  return actions;
}

/** The commits `from` to `to`, inclusive and in order; a missing one is an error, for what it did is unknown. */
export async function* readCommits(
  storage: Storage,
  root: string,
  from: number,
  to: number,
): AsyncGenerator<{ version: number; actions: Action[] }> {
  for (let start = from; start <= to; start += READS_AT_ONCE) {
    const versions = Array.from({ length: Math.min(READS_AT_ONCE, to - start + 1) }, (_, i) => start + i);
    const commits = await Promise.all(versions.map((version) => readCommit(storage, root, version)));
    for (const [index, actions] of commits.entries()) {
      const version = start + index;
      if (!actions) throw missingCommit(storage, root, version);
      yield { version, actions };
    }
  }
}

export function missingCommit(storage: Storage, root: string, version: number): LogGapError {
  return new LogGapError(
    `${commitKey(root, version)} is missing in ${storage.url}, and no checkpoint covers it: ` +
      "read a version before it or one from the next checkpoint on, or restore the file.",
  );
}
