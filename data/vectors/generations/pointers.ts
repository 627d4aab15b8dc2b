import { DataError, NotFoundError } from "../../errors.ts";
import type { Storage } from "../../storage/storage.ts";
import { type Generation, Pointer } from "../generation.ts";
import { indexFolder } from "../index-definition.ts";

/** So many generations stay, to go back to. */
export const KEPT = 3;
const TRIES = 5;

function folder(index: string): string {
  return `${indexFolder(index)}/pointers/`;
}

function pointerKey(index: string, sequence: number): string {
  return `${folder(index)}${String(sequence).padStart(20, "0")}.json`;
}

/** The newest pointer; of an index that was never built, undefined. Costs what was written after `known`. */
export async function currentPointer(
  storage: Storage,
  index: string,
  known?: Pointer,
): Promise<Pointer | undefined> {
  let newest: string | undefined;
  const startAfter = known ? pointerKey(index, known.sequence) : undefined;
  for await (const { key } of storage.list(folder(index), startAfter ? { startAfter } : {})) newest = key;
  return newest === undefined ? known : Pointer.parse(JSON.parse(String(await storage.get(newest))));
}

/** All pointers, the oldest first. */
export async function pointerLog(storage: Storage, index: string): Promise<Pointer[]> {
  const log: Pointer[] = [];
  for await (const { key } of storage.list(folder(index)))
    log.push(Pointer.parse(JSON.parse(String(await storage.get(key)))));
  return log;
}

/** A build that has not served yet has no number. */
export type NewGeneration = Omit<Generation, "number"> & { readonly number?: number };

export type Flip =
  | { readonly outcome: "serving"; readonly pointer: Pointer }
  /** Another builder has put something as new in its place meanwhile. */
  | { readonly outcome: "superseded"; readonly pointer: Pointer };

interface FlipOptions {
  readonly reason: string;
  /** The sequence that the decision was made upon; another one now means that it was made upon the past. */
  readonly expected?: number | undefined;
}

/**
 * Makes a generation the one that serves, by creating the next pointer if it does not exist. Who loses looks again:
 * a generation of an older state of the table gives way, and so does a choice made against another champion.
 */
export async function flip(
  storage: Storage,
  index: string,
  generation: NewGeneration,
  { reason, expected }: FlipOptions,
): Promise<Flip> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const log = await pointerLog(storage, index);
    const current = log.at(-1);
    const sequence = current ? current.sequence + 1 : 0;
    if (current && givesWay(current, generation, expected))
      return { outcome: "superseded", pointer: current };
    // Whoever takes this place in the log has seen all before it, so no two builds get one number.
    const number = generation.number ?? Math.max(0, ...log.map((each) => each.generation.number)) + 1;
    const pointer: Pointer = {
      sequence,
      generation: { ...generation, number },
      reason,
      at: new Date().toISOString(),
    };
    if (await storage.putIfAbsent(pointerKey(index, sequence), JSON.stringify(pointer)))
      return { outcome: "serving", pointer };
  }
  throw new Error(`The pointer of ${index} was taken ${TRIES} times by others; try again.`);
}

function givesWay(current: Pointer, generation: NewGeneration, expected: number | undefined): boolean {
  if (expected !== undefined) return current.sequence !== expected;
  return current.generation.tableVersion > generation.tableVersion;
}

/** Back to the generation that served before this one, by one more entry. */
export async function rollBack(
  storage: Storage,
  index: string,
  { to, reason }: { readonly to?: number | undefined; readonly reason: string },
): Promise<Pointer> {
  const log = await pointerLog(storage, index);
  const current = log.at(-1);
  if (!current)
    throw new NotFoundError(`The index ${index} has no generation yet: millrace vectors refresh ${index}`);
  const kept = keptOf(log);
  const target = to === undefined ? before(log, current) : kept.find(({ number }) => number === to);
  if (!target || (!(await storage.stat(target.key)) && !(await hasFolder(storage, target.key)))) {
    const known = kept.map(({ number }) => number).join(", ");
    throw new DataError(
      `${index} has no ${to === undefined ? "earlier generation" : `generation ${to}`} to go back to; kept are ${known}.`,
    );
  }
  const flipped = await flip(storage, index, target, { reason, expected: current.sequence });
  if (flipped.outcome === "serving") return flipped.pointer;
  throw new DataError(`${index} was changed at the same moment; look at it and ask again.`);
}

/** What served before the current one first came: going back twice goes back further, and not forth again. */
function before(log: readonly Pointer[], current: Pointer): Generation | undefined {
  const first = log.findIndex(({ generation }) => isSame(generation, current.generation));
  return log[first - 1]?.generation;
}

/** A build and a width of search: changing the width alone makes another generation of the same file. */
function isSame(a: Generation, b: Generation): boolean {
  return a.key === b.key && a.setting.efSearch === b.setting.efSearch;
}

/** The last few builds that have served, the newest first. */
export function keptOf(log: readonly Pointer[]): Generation[] {
  const kept = new Map<string, Generation>();
  for (const { generation } of log.toReversed()) {
    if (!kept.has(generation.key)) kept.set(generation.key, generation);
    if (kept.size === KEPT) break;
  }
  return [...kept.values()];
}

/** Deletes the builds that are too old to go back to. A process that still serves one has it in memory. */
export async function prune(storage: Storage, index: string): Promise<string[]> {
  const log = await pointerLog(storage, index);
  const keep = new Set(keptOf(log).map(({ key }) => key));
  const gone = [...new Set(log.map(({ generation }) => generation.key))].filter((key) => !keep.has(key));
  for (const key of gone) await deleteBuild(storage, key);
  return gone;
}

export async function deleteBuild(storage: Storage, key: string): Promise<void> {
  await storage.delete(key);
  for await (const part of storage.list(`${key}/`)) await storage.delete(part.key);
}

async function hasFolder(storage: Storage, key: string): Promise<boolean> {
  for await (const _part of storage.list(`${key}/`)) return true;
  return false;
}
