import { DataError } from "../errors.ts";
import { createTableLog, noRows } from "./commit.ts";
import { TableNotFoundError } from "./errors.ts";
import type { TableContext } from "./open-table.ts";
import { readSnapshot } from "./snapshot.ts";
import type { Column, CreateOptions } from "./table.ts";
import { toMetadata, toProperties, toProtocol } from "./table-definition.ts";
import type { TableSnapshot } from "./table-snapshot.ts";

/** Creates the table unless it is there with the same columns and partitions. */
export async function ensureTable(context: TableContext, options: CreateOptions): Promise<void> {
  const metaData = toMetadata(options, context.name);
  const found = await findTable(context);
  if (found) return checkSame(found, options, context.name);

  const protocol = toProtocol(options.columns, toProperties(options.properties));
  const parameters = { partitionBy: JSON.stringify(metaData.partitionColumns) };
  const actions = [{ protocol }, { metaData }];
  if (await createTableLog(context, { name: "CREATE TABLE", parameters }, { actions, rows: noRows })) return;
  // Another made it in the meantime.
  checkSame(await readSnapshot(context.storage, context.root, context.openDuckDB), options, context.name);
}

async function findTable({ storage, root, openDuckDB }: TableContext): Promise<TableSnapshot | undefined> {
  try {
    return await readSnapshot(storage, root, openDuckDB);
  } catch (error) {
    if (error instanceof TableNotFoundError) return undefined;
    throw error;
  }
}

function checkSame(found: TableSnapshot, { columns, partitionBy = [] }: CreateOptions, table: string): void {
  const theirs = new Map(found.columns.map((column) => [column.name, shape(column)]));
  const ours = new Map(columns.map((column) => [column.name, shape(column)]));
  const differing = [...new Set([...theirs.keys(), ...ours.keys()])].filter(
    (name) => theirs.get(name) !== ours.get(name),
  );
  if (differing.length > 0)
    throw new DataError(
      `${table} exists with other columns than asked for; these differ: ${differing.join(", ")}. Add a column with addColumn, or write to another table.`,
    );
  if (JSON.stringify(found.partitionColumns) !== JSON.stringify(partitionBy))
    throw new DataError(
      `${table} exists and is partitioned by ${found.partitionColumns.join(", ") || "nothing"}, not by ${partitionBy.join(", ") || "nothing"}.`,
    );
}

/** A column without what is only said about it. */
function shape({ type, nullable }: Column): string {
  return JSON.stringify({ type, nullable }, (name, value: unknown) =>
    name === "comment" || name === "metadata" ? undefined : value,
  );
}
