import type { DuckDB } from "../sql/duckdb.ts";
import type { Storage } from "../storage/storage.ts";
import { changesSql } from "./changes.ts";
import { TableNotFoundError } from "./errors.ts";
import { readSnapshot } from "./snapshot.ts";
import type { Table } from "./table.ts";
import { tableWrites } from "./table-writes.ts";

/** Where a table lies and what reads it; every function of a table takes this. */
export interface TableContext {
  readonly name: string;
  readonly root: string;
  readonly storage: Storage;
  readonly openDuckDB: () => Promise<DuckDB>;
}

export function openTable(context: TableContext): Table {
  const { name, root, storage, openDuckDB } = context;
  return {
    name,
    root,
    exists: () => tableExists(context),
    snapshot: (at) => readSnapshot(storage, root, openDuckDB, at),
    changesSql: (range) => changesSql(context, range),
    ...tableWrites(context),
  };
}

async function tableExists({ storage, root, openDuckDB }: TableContext): Promise<boolean> {
  try {
    await readSnapshot(storage, root, openDuckDB);
    return true;
  } catch (error) {
    if (error instanceof TableNotFoundError) return false;
    throw error;
  }
}
