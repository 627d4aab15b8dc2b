import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { crashPoint } from "../crash-point.ts";
import { NotFoundError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";
import { type Action, serializeActions } from "./actions.ts";
import { type Claims, ConflictError, conflictWith } from "./conflict.ts";
import { discardFiles, publishFiles, type UnseenFile } from "./data-files.ts";
import { keyOf } from "./locate.ts";
import { commitKey, readCommit } from "./log.ts";
import type { TableContext } from "./open-table.ts";
import { fileKey } from "./path.ts";
import { readSnapshot } from "./snapshot.ts";
import type { Txn, WriteOptions, WriteResult } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { takeTurn } from "./turns.ts";
import { checkWritable } from "./writable.ts";
import { checkpointWhenDue } from "./write-checkpoint.ts";

const ENGINE = "Millrace/0.1.0";
/**
 * How often a write is done again before it gives up. Each time another writer has won, so among few writers of
 * one table this many losses in a row do not happen; many more writers should take turns instead.
 */
const ATTEMPTS = 60;
const PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 100;

/** What a write would like to become the next version, found out against one snapshot. */
export interface Proposal {
  /** Without `commitInfo` and `txn`, which the commit adds. */
  readonly actions: readonly Action[];
  readonly newFiles: readonly UnseenFile[];
  readonly read: Claims["read"];
  readonly rows: WriteResult["rows"];
  /** Counts for the history beside the rows and files. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export interface Operation extends WriteOptions {
  readonly name: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Only adds rows without looking at any: such writes never wait for one another. */
  readonly isBlind?: boolean;
}

export const noRows = { inserted: 0, updated: 0, deleted: 0 };
const noFiles = { added: 0, removed: 0 };

/**
 * One write: finds out what to do, and makes it the next version unless another commit stands against it, in which
 * case it finds out again. `propose` answers undefined when there is nothing to do; then nothing is committed.
 */
export async function transact(
  context: TableContext,
  operation: Operation,
  propose: (snapshot: TableSnapshot) => Promise<Proposal | undefined>,
): Promise<WriteResult> {
  if (operation.isBlind) return attemptAll(context, operation, propose);
  return takeTurn(context.storage, context.root, () => attemptAll(context, operation, propose));
}

async function attemptAll(
  context: TableContext,
  operation: Operation,
  propose: (snapshot: TableSnapshot) => Promise<Proposal | undefined>,
): Promise<WriteResult> {
  const { name, storage, root, openDuckDB } = context;
  let reason = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    operation.signal?.throwIfAborted();
    const snapshot = await readSnapshot(storage, root, openDuckDB);
    checkWritable(snapshot, name);
    if (isApplied(snapshot, operation.txn))
      return { version: snapshot.version, outcome: "already-applied", rows: noRows, files: noFiles };
    if (operation.onto !== undefined && operation.onto !== snapshot.version)
      throw new ConflictError(
        `${name} was written to meanwhile, so its ${operation.name} was not done; run it again.`,
      );

    crashPoint("snapshot-read");
    const proposal = await propose(snapshot);
    if (!proposal) return { version: snapshot.version, outcome: "unchanged", rows: noRows, files: noFiles };
    crashPoint("files-written");
    const decided = await decide(context, operation, snapshot, proposal);
    if (typeof decided === "number") {
      crashPoint("committed");
      await checkpointWhenDue(context, decided);
      return {
        version: decided,
        outcome: "committed",
        rows: proposal.rows,
        files: countFiles(proposal.actions),
      };
    }
    reason = decided;
    await withdraw(context, proposal.newFiles);
    await setTimeout(Math.random() * Math.min(LONGEST_PAUSE_MS, PAUSE_MS * (attempt + 1)));
  }
  throw new ConflictError(
    `The ${operation.name} of ${name} lost to other writers ${ATTEMPTS} times, last because ${reason}; run it again when fewer write.`,
  );
}

function isApplied({ txns }: TableSnapshot, txn: Txn | undefined): boolean {
  return txn !== undefined && (txns.get(txn.appId) ?? Number.NEGATIVE_INFINITY) >= txn.version;
}

/** The version that the proposal became, or why it cannot become one. */
async function decide(
  context: TableContext,
  operation: Operation,
  snapshot: TableSnapshot,
  proposal: Proposal,
): Promise<number | string> {
  const { storage, root } = context;
  const claims = { removed: removedKeys(proposal.actions), read: proposal.read, txn: operation.txn };
  const id = randomUUID();
  const body = serializeActions(commitActions(operation, snapshot.version, proposal, id));
  // Files first: a log must never name a file that a crash kept from being there.
  await publishFiles(proposal.newFiles);
  crashPoint("files-published");

  for (let version = snapshot.version + 1; ; version += 1) {
    const theirs = version === snapshot.version + 1 ? undefined : await readCommit(storage, root, version);
    if (!theirs) {
      operation.signal?.throwIfAborted();
      if (await createCommit(storage, commitKey(root, version), body, id)) return version;
    }
    const winner = theirs ?? (await readCommit(storage, root, version)) ?? [];
    const reason = await conflictWith(claims, winner);
    if (reason !== undefined) return reason;
  }
}

/**
 * Whether this body became the object. An answer that got lost on the way, or a refusal that answers the storage's
 * own second try, is told from a defeat by the commit's id.
 */
async function createCommit(storage: Storage, key: string, body: string, id: string): Promise<boolean> {
  let failure: unknown;
  try {
    if (await storage.putIfAbsent(key, body)) return true;
  } catch (error) {
    failure = error;
  }
  const found = await storage.get(key).catch((error: unknown) => {
    if (error instanceof NotFoundError && failure !== undefined) throw failure;
    throw error;
  });
  return found.includes(id);
}

/** What a commit consists of; the first of a table has read no version. */
function commitActions(
  { name, parameters = {}, txn, info = {}, isBlind = false }: Operation,
  readVersion: number | undefined,
  { actions, rows, metrics = {} }: Pick<Proposal, "actions" | "rows" | "metrics">,
  id: string,
): Action[] {
  const files = countFiles(actions);
  const counts = {
    numInsertedRows: rows.inserted,
    numUpdatedRows: rows.updated,
    numDeletedRows: rows.deleted,
    numAddedFiles: files.added,
    numRemovedFiles: files.removed,
    ...metrics,
    ...info,
  };
  const commitInfo = {
    timestamp: Date.now(),
    operation: name,
    operationParameters: parameters,
    ...(readVersion !== undefined && { readVersion }),
    isBlindAppend: isBlind,
    operationMetrics: Object.fromEntries(Object.entries(counts).map(([key, value]) => [key, String(value)])),
    engineInfo: ENGINE,
    txnId: id,
  };
  return [
    { commitInfo },
    ...(txn ? [{ txn: { ...txn, lastUpdated: commitInfo.timestamp } }] : []),
    ...actions,
  ];
}

/** The first commit of a table. False when another made it first. */
export async function createTableLog(
  { storage, root }: TableContext,
  operation: Operation,
  proposal: Pick<Proposal, "actions" | "rows">,
): Promise<boolean> {
  const id = randomUUID();
  const actions = commitActions({ ...operation, isBlind: true }, undefined, proposal, id);
  return createCommit(storage, commitKey(root, 0), serializeActions(actions), id);
}

function removedKeys(actions: readonly Action[]): ReadonlySet<string> {
  return new Set(actions.flatMap((action) => ("remove" in action ? [fileKey(action.remove)] : [])));
}

export function countFiles(actions: readonly Action[]): WriteResult["files"] {
  return {
    added: actions.filter((action) => "add" in action).length,
    removed: actions.filter((action) => "remove" in action).length,
  };
}

/** Takes back files that no commit names and none will. */
export async function withdraw({ storage, root }: TableContext, files: readonly UnseenFile[]): Promise<void> {
  await discardFiles(files);
  await Promise.all(
    files.map(async ({ uri }) => {
      const key = keyOf(storage, root, uri);
      if (key !== undefined) await storage.delete(key);
    }),
  );
}
