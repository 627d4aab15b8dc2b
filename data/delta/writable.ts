import { DataError } from "../errors.ts";
import type { Protocol } from "./actions.ts";
import { UnsupportedFeatureError } from "./errors.ts";
import type { Column, DeltaType } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";

/** What the writer versions before feature lists imply. */
const legacyFeatures: readonly (readonly [version: number, ...features: string[]])[] = [
  [2, "appendOnly", "invariants"],
  [3, "checkConstraints"],
  [4, "changeDataFeed", "generatedColumns"],
  [5, "columnMapping"],
  [6, "identityColumns"],
];

/** Features that are kept whatever the table holds. */
const kept: ReadonlySet<string> = new Set([
  "appendOnly",
  "changeDataFeed",
  "deletionVectors",
  "timestampNtz",
]);

/** Features that bind a writer only where the table uses them; what tells that it does. */
const inert: Readonly<Record<string, (snapshot: TableSnapshot) => boolean>> = {
  invariants: ({ columns }) => !hasMetadata(columns, "delta.invariants"),
  checkConstraints: ({ properties }) =>
    !Object.keys(properties).some((name) => name.startsWith("delta.constraints.")),
  generatedColumns: ({ columns }) => !hasMetadata(columns, "delta.generationExpression"),
  identityColumns: ({ columns }) => !hasMetadata(columns, "delta.identity."),
  allowColumnDefaults: ({ columns }) => !hasMetadata(columns, "CURRENT_DEFAULT"),
  columnMapping: ({ mapping }) => mapping === "none",
};

export function writerFeatures({ minWriterVersion, writerFeatures: listed }: Protocol): string[] {
  if (minWriterVersion >= 7) return [...(listed ?? [])];
  return legacyFeatures.flatMap(([version, ...features]) => (version <= minWriterVersion ? features : []));
}

/** Refuses a table that asks of its writers what Millrace does not keep: the next commit would break its promise. */
export function checkWritable(snapshot: TableSnapshot, table: string): void {
  const { protocolAction: protocol } = snapshot;
  if (protocol.minWriterVersion > 7)
    throw new UnsupportedFeatureError(
      `${table} needs writer version ${protocol.minWriterVersion}; Millrace writes up to 7.`,
    );
  const missing = writerFeatures(protocol).filter(
    (feature) => !kept.has(feature) && !inert[feature]?.(snapshot),
  );
  if (missing.length > 0)
    throw new UnsupportedFeatureError(
      `${table} needs writer features that Millrace lacks: ${missing.join(", ")}. Write it with the engine that made it.`,
    );
  const codec = snapshot.properties["delta.parquet.compression.codec"];
  if (snapshot.metadata.format.provider !== "parquet")
    throw new UnsupportedFeatureError(
      `${table} keeps its rows as ${snapshot.metadata.format.provider}, not as Parquet.`,
    );
  if (codec !== undefined && codec.toLowerCase() !== "zstd")
    throw new UnsupportedFeatureError(
      `${table} asks for files compressed with ${codec}; Millrace writes zstd.`,
    );
}

/** An append-only table takes rows and gives none back. */
export function checkRemovable(snapshot: TableSnapshot, table: string): void {
  if (snapshot.properties["delta.appendOnly"] !== "true") return;
  if (!writerFeatures(snapshot.protocolAction).includes("appendOnly")) return;
  throw new DataError(`${table} is append-only (delta.appendOnly): its rows cannot be changed or deleted.`);
}

/** Whether this table's commits must tell their changes row by row. */
export function hasChangeFeed({ properties, protocolAction }: TableSnapshot): boolean {
  return (
    properties["delta.enableChangeDataFeed"] === "true" &&
    writerFeatures(protocolAction).includes("changeDataFeed")
  );
}

/** Whether rows of this table may be hidden where they lie; vectors that are there already bind every writer. */
export function hidesRows({ properties, protocolAction }: TableSnapshot): boolean {
  return (
    properties["delta.enableDeletionVectors"] === "true" &&
    writerFeatures(protocolAction).includes("deletionVectors")
  );
}

function hasMetadata(columns: readonly Column[], name: string): boolean {
  return columns.some(
    ({ type, metadata }) =>
      Object.keys(metadata ?? {}).some((key) => key.startsWith(name)) || isWithin(type, name),
  );
}

function isWithin(type: DeltaType, name: string): boolean {
  if (typeof type === "string") return false;
  switch (type.type) {
    case "struct":
      return hasMetadata(type.fields, name);
    case "array":
      return isWithin(type.elementType, name);
    case "map":
      return isWithin(type.keyType, name) || isWithin(type.valueType, name);
  }
}
