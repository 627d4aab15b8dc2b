import type { Metadata, Protocol } from "./actions.ts";
import { CorruptLogError } from "./errors.ts";
import type { Column } from "./table.ts";

export type MappingMode = "none" | "name" | "id";

/** How columns are found in files. Some tables list the feature for writers only, yet their files are mapped. */
export function mappingMode(protocol: Protocol, metadata: Metadata): MappingMode {
  const mode = metadata.configuration["delta.columnMapping.mode"] ?? "none";
  if (mode !== "none" && mode !== "name" && mode !== "id")
    throw new CorruptLogError(
      `The table's delta.columnMapping.mode is ${mode}; it must be none, name or id.`,
    );
  const isMapped =
    protocol.minReaderVersion >= 2 ||
    [...(protocol.readerFeatures ?? []), ...(protocol.writerFeatures ?? [])].includes("columnMapping");
  return isMapped ? mode : "none";
}

/** The name that a column has in files, statistics and partition values. */
export function physicalName(column: Column, mode: MappingMode): string {
  const name = column.metadata?.["delta.columnMapping.physicalName"];
  return mode !== "none" && typeof name === "string" ? name : column.name;
}

/** The field id that a column has in files of a table mapped by id. */
export function fieldId(column: Column): number | undefined {
  const id = column.metadata?.["delta.columnMapping.id"];
  return typeof id === "number" ? id : undefined;
}
