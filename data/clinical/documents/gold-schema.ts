import type { DeltaType } from "../../delta/table.ts";
import { contractVersion, goldColumns, goldName, requiredFields } from "../gold/encounter-summary.ts";

export const goldSchemaPath = "docs/schemas/gold_encounter_summary.json";

type Json = string | boolean | readonly Json[] | { readonly [key: string]: Json };

const nullable = new Set([
  "patient_age",
  "encounter_date",
  "soap_note_text",
  "soap_note_id",
  "ecg_finding",
  "ecg_rhythm",
  "genomic_summary",
  "imaging_body_site_code",
  "data_limitation",
]);

/** The contract with those who read Gold, as JSON Schema with sorted keys. */
export function renderGoldSchema(): string {
  const schema: Json = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "https://scribe-iq.dev/schemas/gold_encounter_summary.json",
    title: goldName,
    description: "One row per encounter: who, when, and what was known at that visit.",
    "x-contract-version": contractVersion,
    type: "object",
    additionalProperties: false,
    required: [...requiredFields],
    properties: Object.fromEntries(
      goldColumns.map(({ name, type, comment }) => [
        name,
        { ...schemaOf(type, nullable.has(name)), ...(comment ? { description: comment } : {}) },
      ]),
    ),
  };
  return `${JSON.stringify(sorted(schema), null, 2)}\n`;
}

const scalars: Readonly<Record<string, { readonly type: string; readonly format?: string }>> = {
  string: { type: "string" },
  integer: { type: "integer" },
  long: { type: "integer" },
  double: { type: "number" },
  boolean: { type: "boolean" },
  date: { type: "string", format: "date" },
  timestamp: { type: "string", format: "date-time" },
};

function schemaOf(type: DeltaType, canBeNull: boolean): { readonly [key: string]: Json } {
  const typed = (name: string): Json => (canBeNull ? [name, "null"] : name);
  if (typeof type === "string") {
    const scalar = scalars[type];
    if (!scalar) throw new Error(`The contract of Gold has no word for the type ${type}.`);
    return { ...scalar, type: typed(scalar.type) };
  }
  if (type.type === "array") return { type: typed("array"), items: schemaOf(type.elementType, false) };
  if (type.type === "map") throw new Error("The contract of Gold has no maps.");
  return {
    type: typed("object"),
    additionalProperties: false,
    properties: Object.fromEntries(type.fields.map((field) => [field.name, schemaOf(field.type, true)])),
  };
}

function sorted(value: Json): Json {
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
