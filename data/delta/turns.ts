import type { Storage } from "../storage/storage.ts";

const tails = new WeakMap<Storage, Map<string, Promise<unknown>>>();

/** Runs the writes of one process to one table one after another: side by side they would only undo each other. */
export async function takeTurn<Result>(
  storage: Storage,
  root: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const tables = tails.get(storage) ?? new Map<string, Promise<unknown>>();
  tails.set(storage, tables);
  const before = tables.get(root) ?? Promise.resolve();
  const mine = before.then(work, work);
  tables.set(root, mine);
  try {
    return await mine;
  } finally {
    if (tables.get(root) === mine) tables.delete(root);
  }
}
