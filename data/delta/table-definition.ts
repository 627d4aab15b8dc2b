import { randomUUID } from "node:crypto";
import { DataError } from "../errors.ts";
import type { Metadata, Protocol } from "./actions.ts";
import { checkPartitionColumn } from "./partition-text.ts";
import { serializeSchema } from "./schema.ts";
import type { Column, CreateOptions, DeltaType } from "./table.ts";

const defaults = { "delta.enableChangeDataFeed": "true" };

/** The narrowest protocol that allows what the table does: feature lists exist only at the greatest versions. */
export function toProtocol(
  columns: readonly Column[],
  properties: Readonly<Record<string, string>>,
): Protocol {
  const readers = [
    ...(properties["delta.enableDeletionVectors"] === "true" ? ["deletionVectors"] : []),
    ...(columns.some(({ type }) => holds(type, "timestamp_ntz")) ? ["timestampNtz"] : []),
  ];
  const writers = [
    ...(properties["delta.enableChangeDataFeed"] === "true" ? ["changeDataFeed"] : []),
    ...(properties["delta.appendOnly"] === "true" ? ["appendOnly"] : []),
    ...readers,
  ];
  return readers.length > 0
    ? { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: readers, writerFeatures: writers }
    : { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: writers };
}

export function toProperties(properties: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...defaults, ...properties };
}

export function toMetadata(
  { columns, partitionBy = [], properties, description }: CreateOptions,
  table: string,
): Metadata {
  checkColumns(columns, table);
  for (const name of partitionBy) checkPartition(name, columns, table);
  if (new Set(partitionBy).size !== partitionBy.length)
    throw new DataError(`${table} is partitioned by one column twice; name each once.`);
  if (columns.length === partitionBy.length)
    throw new DataError(`${table} needs a column that it is not partitioned by, for its files to hold.`);
  checkProperties(toProperties(properties), table);
  return {
    id: randomUUID(),
    ...(description !== undefined && { description }),
    format: { provider: "parquet", options: {} },
    schemaString: serializeSchema(columns),
    partitionColumns: [...partitionBy],
    createdTime: Date.now(),
    configuration: toProperties(properties),
  };
}

export function checkColumns(columns: readonly Column[], table: string): void {
  if (columns.length === 0) throw new DataError(`${table} needs at least one column.`);
  const seen = new Set<string>();
  for (const { name, type } of columns) {
    const folded = name.toLowerCase();
    if (name === "") throw new DataError(`${table} has a column without a name.`);
    if (seen.has(folded))
      throw new DataError(`${table} has two columns called ${name}; case does not tell them apart.`);
    if (/^(_change_type|_commit_version|_commit_timestamp|__millrace_.*)$/.test(folded))
      throw new DataError(`${table} cannot have a column ${name}: the name is reserved; choose another.`);
    seen.add(folded);
    checkType(type, `${table}.${name}`);
  }
}

function checkType(type: DeltaType, place: string): void {
  if (typeof type === "string") {
    const [, precision = "1", scale = "0"] = /^decimal\((\d+),(\d+)\)$/.exec(type) ?? [];
    if (Number(precision) < 1 || Number(precision) > 38 || Number(scale) > Number(precision))
      throw new DataError(
        `${place} is a ${type}; a decimal has 1 to 38 digits, and no more of them after its point.`,
      );
    return;
  }
  if (type.type === "struct") checkColumns(type.fields, place);
  if (type.type === "array") checkType(type.elementType, place);
  if (type.type === "map") {
    checkType(type.keyType, place);
    checkType(type.valueType, place);
  }
}

function checkPartition(name: string, columns: readonly Column[], table: string): void {
  const column = columns.find((candidate) => candidate.name === name);
  if (!column) throw new DataError(`${table} has no column ${name} to be partitioned by.`);
  checkPartitionColumn(column, table);
}

/** Properties that ask for what Millrace does not do would make a table that it cannot write itself. */
function checkProperties(properties: Readonly<Record<string, string>>, table: string): void {
  const unknown = [
    "delta.columnMapping.mode",
    "delta.enableRowTracking",
    "delta.enableInCommitTimestamps",
    "delta.parquet.compression.codec",
  ].filter((name) => !["none", "false", "zstd", undefined].includes(properties[name]));
  const constraints = Object.keys(properties).filter((name) => name.startsWith("delta.constraints."));
  if (unknown.length + constraints.length > 0)
    throw new DataError(
      `${table} cannot be created with ${[...unknown, ...constraints].join(", ")}: Millrace does not write such tables.`,
    );
}

export function holds(type: DeltaType, name: string): boolean {
  if (typeof type === "string") return type === name;
  switch (type.type) {
    case "struct":
      return type.fields.some((field) => holds(field.type, name));
    case "array":
      return holds(type.elementType, name);
    case "map":
      return holds(type.keyType, name) || holds(type.valueType, name);
  }
}
