import type { Column, DeltaType, Snapshot } from "../../../data/delta/table.ts";
import { alignColumns } from "../../columns.ts";
import type { CliContext } from "../../context.ts";
import type { Paint } from "../../paint.ts";
import { bytes, count, plural } from "../../quantities.ts";
import { parseVersion } from "../../version-option.ts";
import { withTable } from "./target.ts";

export async function showTable(
  context: CliContext,
  name: string,
  options: { version?: string; timestamp?: string },
): Promise<void> {
  const at = parseVersion(options);
  await withTable(context, name, async ({ table }) => {
    const snapshot = await table.snapshot(at);
    context.output.result(documentOf(table.name, snapshot), (paint) => render(table.name, snapshot, paint));
  });
}

function documentOf(name: string, snapshot: Snapshot) {
  const { version, timestamp, id, description, columns, partitionColumns, properties, protocol } = snapshot;
  const { fileCount, sizeBytes, txns } = snapshot;
  return {
    name,
    version,
    timestamp,
    id,
    description: description ?? null,
    columns,
    partitionColumns,
    properties,
    protocol,
    fileCount,
    sizeBytes,
    txns: Object.fromEntries(txns),
  };
}

function render(name: string, snapshot: Snapshot, paint: Paint): string {
  const { columns, partitionColumns, properties, protocol } = snapshot;
  const features = [...new Set([...protocol.readerFeatures, ...protocol.writerFeatures])];
  const facts = [
    `${paint("bold", name)} at version ${count(snapshot.version)}, of ${snapshot.timestamp.toISOString()}`,
    `${plural(snapshot.fileCount, "file")}, ${bytes(snapshot.sizeBytes)}; reader ${protocol.minReaderVersion}, writer ${protocol.minWriterVersion}${features.length > 0 ? ` (${features.join(", ")})` : ""}`,
    ...(snapshot.description ? [snapshot.description] : []),
    ...(partitionColumns.length > 0 ? [`partitioned by ${partitionColumns.join(", ")}`] : []),
    ...Object.entries(properties).map(([key, value]) => `${paint("dim", key)} ${value}`),
  ];
  const titles = [{ title: "column" }, { title: "type" }, { title: "" }];
  const rows = columns.map((column) => [column.name, typeText(column.type), noteOf(column)]);
  return `${facts.join("\n")}\n\n${alignColumns(titles, rows, paint)}`;
}

function noteOf({ nullable, comment }: Column): string {
  return [nullable ? "" : "not null", comment ?? ""].filter(Boolean).join("; ");
}

function typeText(type: DeltaType): string {
  if (typeof type === "string") return type;
  if (type.type === "array") return `array<${typeText(type.elementType)}>`;
  if (type.type === "map") return `map<${typeText(type.keyType)}, ${typeText(type.valueType)}>`;
  return `struct<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(", ")}>`;
}
