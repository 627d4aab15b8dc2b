import type { Column, Table } from "../delta/table.ts";
import type { Lake } from "../lake.ts";
import { type IndexDefinition, vectorsTable } from "./index-definition.ts";

export const vectorColumn: Column = {
  name: "vector",
  type: { type: "array", elementType: "float", containsNull: false },
  nullable: false,
};

export const vectorColumns: readonly Column[] = [
  { name: "id", type: "string", nullable: false, comment: "The row, as the index's id column names it" },
  { name: "chunk", type: "integer", nullable: false, comment: "Which piece of the row's text, from 0" },
  { name: "text", type: "string", nullable: true, comment: "Null where the row brought its own vector" },
  vectorColumn,
  { name: "content_hash", type: "string", nullable: false },
  { name: "model", type: "string", nullable: false },
];

/**
 * A changed vector is hidden where it lies, for the file would have to be written anew with all its neighbours. Without
 * change files no old vector is read to be told again: readers of the feed find what is hidden and what is new.
 */
const properties = { "delta.enableDeletionVectors": "true", "delta.enableChangeDataFeed": "false" };

/** The table of an index's vectors, created when it is not there. */
export async function ensureVectors(lake: Lake, index: IndexDefinition): Promise<Table> {
  const table = lake.table(vectorsTable(index));
  await table.ensure({
    columns: vectorColumns,
    properties,
    description: `Chunks and vectors of ${index.table} for the index ${index.name}`,
  });
  return table;
}
