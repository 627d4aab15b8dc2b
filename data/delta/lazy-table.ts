import type { TableContext } from "./open-table.ts";
import type { Table } from "./table.ts";

/**
 * A table whose code, and with it DuckDB's native module, is loaded by the first call. A process that only queues or
 * waits for work has a lake and is 35 MB smaller without them.
 */
export function lazyTable(context: TableContext): Table {
  const table = async () => (await import("./open-table.ts")).openTable(context);
  return {
    name: context.name,
    root: context.root,
    exists: async () => (await table()).exists(),
    snapshot: async (at) => (await table()).snapshot(at),
    ensure: async (options) => (await table()).ensure(options),
    createFrom: async (source, options) => (await table()).createFrom(source, options),
    append: async (source, options) => (await table()).append(source, options),
    overwrite: async (source, options) => (await table()).overwrite(source, options),
    delete: async (where, options) => (await table()).delete(where, options),
    merge: async (source, options) => (await table()).merge(source, options),
    stage: async (source) => (await table()).stage(source),
    replaceWithStaged: async (staged, options) => (await table()).replaceWithStaged(staged, options),
    addColumn: async (column) => (await table()).addColumn(column),
    restore: async (at) => (await table()).restore(at),
    optimize: async (options) => (await table()).optimize(options),
    vacuum: async (options) => (await table()).vacuum(options),
    checkpoint: async () => (await table()).checkpoint(),
    history: async (limit) => (await table()).history(limit),
    changesSql: async (range) => (await table()).changesSql(range),
  };
}
