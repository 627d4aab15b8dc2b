import type { DuckDBConnection } from "@duckdb/node-api";
import { heldSetting } from "./held-setting.ts";

/** So many stored bytes one thread merges in a second or two. */
const SMALL_BYTES = 32 * 1024 ** 2;

/**
 * While somebody holds it, a query has one thread. A query that waits for another thread keeps a core busy with asking
 * whether it is done, and on that core other work of the same kind could go on.
 */
export function singleThread(threads: number, connection: DuckDBConnection) {
  const hold = heldSetting(connection, {
    held: "set global threads = 1",
    released: `set global threads = ${threads}`,
  });
  return async (bytes = 0): Promise<AsyncDisposable> =>
    bytes < SMALL_BYTES ? await hold() : { async [Symbol.asyncDispose]() {} };
}
