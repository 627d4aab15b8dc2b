import type { DuckDBConnection } from "@duckdb/node-api";

/** Stored rows are several times as large in memory, and what is made of them as much again. */
const LARGE_SHARE = 1 / 8;
const SETTING = "allocator_bulk_deallocation_flush_threshold";

/**
 * While somebody works on much, the engine gives back what it has freed before it takes anything larger than this. Its
 * threads that do so by and by come too late for work that spills. All other work would take up to twice the time.
 */
export function spareMemory(memoryBytes: number, connection: DuckDBConnection) {
  let holders = 0;
  let told = Promise.resolve();
  const tell = () => {
    // In turn, so that the last to tell has it; who was refused has heard it himself.
    told = told
      .catch(() => undefined)
      .then(async () => {
        await connection.run(holders > 0 ? `set global ${SETTING} = '255KiB'` : `reset global ${SETTING}`);
      });
    return told;
  };
  return async (bytes: number): Promise<AsyncDisposable> => {
    if (bytes < memoryBytes * LARGE_SHARE) return { async [Symbol.asyncDispose]() {} };
    holders += 1;
    await tell();
    return {
      async [Symbol.asyncDispose]() {
        holders -= 1;
        await tell();
      },
    };
  };
}
