import type { DuckDBConnection } from "@duckdb/node-api";
import { heldSetting } from "./held-setting.ts";

/** Stored rows are several times as large in memory, and what is made of them as much again. */
const LARGE_SHARE = 1 / 8;
const SETTING = "allocator_bulk_deallocation_flush_threshold";

/**
 * While somebody works on much, the engine gives back what it has freed before it takes anything larger than this. Its
 * threads that do so by and by come too late for work that spills. All other work would take up to twice the time.
 */
export function spareMemory(memoryBytes: number, connection: DuckDBConnection) {
  const hold = heldSetting(connection, {
    held: `set global ${SETTING} = '255KiB'`,
    released: `reset global ${SETTING}`,
  });
  return async (bytes: number): Promise<AsyncDisposable> =>
    bytes < memoryBytes * LARGE_SHARE ? { async [Symbol.asyncDispose]() {} } : await hold();
}
