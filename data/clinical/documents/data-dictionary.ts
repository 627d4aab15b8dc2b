import type { Column, DeltaType } from "../../delta/table.ts";
import { goldColumns, goldKey, goldName, requiredFields } from "../gold/encounter-summary.ts";
import { silverTables } from "../silver/tables.ts";
import { rules, type TableRules } from "../validation/rules.ts";
import { ingestLogColumns, ingestLogName } from "../validation/validate-silver.ts";

export const dataDictionaryPath = "docs/data-dictionary.md";

/** The page that says what every column is, written from the tables and rules themselves. */
export function renderDataDictionary(): string {
  return [
    "# Data dictionary",
    "",
    "Written by `millrace docs` from the tables and the rules in `data/clinical`; do not edit it here.",
    "Every table is a Delta table with a change feed (`delta.enableChangeDataFeed`).",
    "",
    ...silverTables.flatMap((table) => [
      `## silver.${table.name}`,
      "",
      table.description,
      "",
      `Primary key \`${table.key}\` · ${table.columns.length} columns · ${summary(rules[table.name])}`,
      "",
      ...columnTable(table.columns, new Set(rules[table.name].nonNull), table.key),
      "",
    ]),
    `## ${ingestLogName}`,
    "",
    "One row a Silver table and refresh, only ever appended.",
    "",
    ...columnTable(ingestLogColumns, new Set()),
    "",
    `## ${goldName}`,
    "",
    "One row per encounter.",
    "",
    ...columnTable(goldColumns, new Set(requiredFields), goldKey),
    "",
  ].join("\n");
}

function summary({ minRows, unique, shortNotes, sections, range }: TableRules): string {
  return [
    `at least ${minRows} rows`,
    `unique \`${unique}\``,
    ...(shortNotes ? [`at most ${shortNotes.share * 100} % notes under ${shortNotes.below} characters`] : []),
    ...(sections ? [`at least ${sections.share * 100} % with ${sections.flags.join(", ")}`] : []),
    ...(range ? [`\`${range.column}\` within [${range.low}, ${range.high}]`] : []),
  ].join(" · ");
}

function columnTable(columns: readonly Column[], required: ReadonlySet<string>, key?: string): string[] {
  return [
    "| Column | Type | Required | Notes |",
    "|---|---|---|---|",
    ...columns.map(({ name, type, comment }) => {
      const notes = [...(name === key ? ["Primary key"] : []), ...(comment ? [comment] : [])];
      return `| ${name} | ${typeWord(type)} | ${required.has(name) ? "✓" : ""} | ${notes.join("; ")} |`;
    }),
  ];
}

const words: Readonly<Record<string, string>> = {
  integer: "int32",
  long: "int64",
  timestamp: "timestamp[us, UTC]",
};

function typeWord(type: DeltaType): string {
  if (typeof type === "string") return words[type] ?? type;
  if (type.type === "array") return `list<${typeWord(type.elementType)}>`;
  if (type.type === "map") return `map<${typeWord(type.keyType)}, ${typeWord(type.valueType)}>`;
  return `struct{${type.fields.map((field) => `${field.name} ${typeWord(field.type)}`).join(", ")}}`;
}
