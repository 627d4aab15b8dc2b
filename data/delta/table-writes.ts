import { addColumn } from "./add-column.ts";
import { append } from "./append.ts";
import { createFrom } from "./create-from.ts";
import { ensureTable } from "./ensure-table.ts";
import { history } from "./history.ts";
import { merge } from "./merge.ts";
import type { TableContext } from "./open-table.ts";
import { optimize } from "./optimize.ts";
import { overwrite } from "./overwrite.ts";
import { deleteWhere } from "./replace-where.ts";
import { restore } from "./restore.ts";
import { replaceWithStaged, stage } from "./stage.ts";
import type { Table } from "./table.ts";
import { vacuum } from "./vacuum.ts";
import { checkpoint } from "./write-checkpoint.ts";

/** The methods of a table that write it or look after it. */
export function tableWrites(
  context: TableContext,
): Pick<
  Table,
  | "ensure"
  | "createFrom"
  | "append"
  | "overwrite"
  | "delete"
  | "merge"
  | "stage"
  | "replaceWithStaged"
  | "addColumn"
  | "restore"
  | "optimize"
  | "vacuum"
  | "checkpoint"
  | "history"
> {
  return {
    ensure: (options) => ensureTable(context, options),
    createFrom: (source, options) => createFrom(context, source, options),
    append: (source, options) => append(context, source, options),
    overwrite: (source, options) => overwrite(context, source, options),
    delete: (where, options) => deleteWhere(context, where, options),
    merge: (source, options) => merge(context, source, options),
    stage: (source) => stage(context, source),
    replaceWithStaged: (staged, options) => replaceWithStaged(context, staged, options),
    addColumn: (column) => addColumn(context, column),
    restore: (at) => restore(context, at),
    optimize: (options) => optimize(context, options),
    vacuum: (options) => vacuum(context, options),
    checkpoint: () => checkpoint(context),
    history: (limit) => history(context, limit),
  };
}
