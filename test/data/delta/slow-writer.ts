import { openTable } from "../../../data/delta/open-table.ts";
import type { Table } from "../../../data/delta/table.ts";
import type { Lake } from "../../../data/lake.ts";
import type { Storage } from "../../../data/storage/storage.ts";

/** The table as another process has it, whose commits let `meanwhile` happen first, once. */
export function slowWriter(lake: Lake, meanwhile: () => Promise<unknown>): Table {
  let hasHappened = false;
  const storage: Storage = {
    ...lake.storage,
    async putIfAbsent(key, body) {
      if (!hasHappened) {
        hasHappened = true;
        await meanwhile();
      }
      return lake.storage.putIfAbsent(key, body);
    },
  };
  return writer(lake, storage);
}

export function writer(lake: Lake, storage: Storage): Table {
  return openTable({ name: "test.people", root: "test/people", storage, openDuckDB: () => lake.duckdb() });
}
