import { DataError } from "../errors.ts";
import type { Action } from "./actions.ts";
import { transact } from "./commit.ts";
import type { TableContext } from "./open-table.ts";
import { serializeSchema } from "./schema.ts";
import type { Column, WriteResult } from "./table.ts";
import { checkColumns, holds } from "./table-definition.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { writerFeatures } from "./writable.ts";

/** Adds a column at the end. Rows that are there have null in it, so it must allow null. */
export async function addColumn(context: TableContext, column: Column): Promise<WriteResult> {
  const operation = { name: "ADD COLUMNS", parameters: { columns: JSON.stringify([column.name]) } };
  return transact(context, operation, async (snapshot) => {
    const same = snapshot.columns.find(({ name }) => name === column.name);
    if (
      same &&
      JSON.stringify(same.type) === JSON.stringify(column.type) &&
      same.nullable === column.nullable
    )
      return undefined;
    checkColumns([...snapshot.columns, column], context.name);
    if (!column.nullable)
      throw new DataError(
        `The new column ${column.name} of ${context.name} must allow null: its rows have no value.`,
      );
    return {
      actions: actionsFor(snapshot, column),
      newFiles: [],
      read: "nothing",
      rows: { inserted: 0, updated: 0, deleted: 0 },
    };
  });
}

function actionsFor(snapshot: TableSnapshot, column: Column): Action[] {
  const schemaString = serializeSchema([...snapshot.columns, column]);
  const metaData = { ...snapshot.metadata, schemaString };
  if (!holds(column.type, "timestamp_ntz") || snapshot.protocol.readerFeatures.includes("timestampNtz"))
    return [{ metaData }];

  // Naming features at all means naming every one that the older versions implied.
  const { protocolAction } = snapshot;
  const protocol = {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: [...(protocolAction.readerFeatures ?? []), "timestampNtz"],
    writerFeatures: [...new Set([...writerFeatures(protocolAction), "timestampNtz"])].filter(
      (feature) => feature !== "columnMapping",
    ),
  };
  return [{ protocol }, { metaData }];
}
