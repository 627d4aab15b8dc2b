import { z } from "zod";
import { identifier } from "../sql/duckdb.ts";
import { CorruptLogError, UnsupportedFeatureError } from "./errors.ts";
import type { Column, DeltaType, PrimitiveType } from "./table.ts";

/** DuckDB's type for each of Delta's that has no parameters. */
const duckdbTypes: Readonly<Record<string, string>> = {
  string: "VARCHAR",
  long: "BIGINT",
  integer: "INTEGER",
  short: "SMALLINT",
  byte: "TINYINT",
  float: "FLOAT",
  double: "DOUBLE",
  boolean: "BOOLEAN",
  binary: "BLOB",
  date: "DATE",
  timestamp: "TIMESTAMPTZ",
  timestamp_ntz: "TIMESTAMP",
};

/** Whether a column is an array of floating-point numbers, of which a row has many. */
export function holdsVectors({ type }: Column): boolean {
  if (typeof type === "string" || type.type !== "array") return false;
  return type.elementType === "float" || type.elementType === "double";
}

/** `nameOf` chooses the name of each nested field, so that the same type can be had by physical names. */
export function duckdbType(type: DeltaType, nameOf: (field: Column) => string = ({ name }) => name): string {
  if (typeof type === "string") return duckdbTypes[type] ?? type.toUpperCase();
  switch (type.type) {
    case "struct":
      return `STRUCT(${type.fields.map((field) => `${identifier(nameOf(field))} ${duckdbType(field.type, nameOf)}`).join(", ")})`;
    case "array":
      return `${duckdbType(type.elementType, nameOf)}[]`;
    case "map":
      return `MAP(${duckdbType(type.keyType, nameOf)}, ${duckdbType(type.valueType, nameOf)})`;
  }
}

const Field = z.object({
  name: z.string(),
  type: z.unknown(),
  nullable: z.boolean().default(true),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});
const Struct = z.object({ type: z.literal("struct"), fields: z.array(Field) });
const Nested = z.discriminatedUnion("type", [
  Struct,
  z.object({ type: z.literal("array"), elementType: z.unknown(), containsNull: z.boolean().default(true) }),
  z.object({
    type: z.literal("map"),
    keyType: z.unknown(),
    valueType: z.unknown(),
    valueContainsNull: z.boolean().default(true),
  }),
]);

/** The columns of a `schemaString`. Columns of type void hold nothing and are left out. */
export function parseSchema(schemaString: string): Column[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(schemaString);
  } catch {
    throw new CorruptLogError("The schema in the table's metaData is not JSON.");
  }
  const struct = Struct.safeParse(parsed);
  if (!struct.success) throw new CorruptLogError("The schema in the table's metaData is not a struct type.");
  return toColumns(struct.data.fields, "");
}

function toColumns(fields: readonly z.infer<typeof Field>[], parent: string): Column[] {
  return fields
    .filter(({ type }) => type !== "void" && type !== "null")
    .map(({ name, type, nullable, metadata }) => {
      const { comment, ...rest } = metadata ?? {};
      return {
        name,
        type: toType(type, `${parent}${name}`),
        nullable,
        ...(typeof comment === "string" && { comment }),
        ...(Object.keys(rest).length > 0 && { metadata: rest }),
      };
    });
}

function toType(type: unknown, column: string): DeltaType {
  if (typeof type === "string") return toPrimitive(type, column);
  const nested = Nested.safeParse(type);
  if (!nested.success) throw unsupported(JSON.stringify(type), column);
  const found = nested.data;
  switch (found.type) {
    case "struct":
      return { type: "struct", fields: toColumns(found.fields, `${column}.`) };
    case "array":
      return {
        type: "array",
        elementType: toType(found.elementType, `${column}.element`),
        containsNull: found.containsNull,
      };
    case "map":
      return {
        type: "map",
        keyType: toType(found.keyType, `${column}.key`),
        valueType: toType(found.valueType, `${column}.value`),
        valueContainsNull: found.valueContainsNull,
      };
  }
}

function toPrimitive(type: string, column: string): PrimitiveType {
  if (isPrimitive(type)) return type;
  const decimal = /^decimal(?:\(\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?\))?$/.exec(type);
  if (!decimal) throw unsupported(type, column);
  return `decimal(${Number(decimal[1] ?? 10)},${Number(decimal[2] ?? 0)})`;
}

function isPrimitive(type: string): type is PrimitiveType {
  return Object.hasOwn(duckdbTypes, type);
}

function unsupported(type: string, column: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError(
    `The column ${column} has the type ${type}, which Millrace does not read; leave the table to its own engine.`,
  );
}

/** The `schemaString` of columns, with what their metadata held. */
export function serializeSchema(columns: readonly Column[]): string {
  return JSON.stringify({ type: "struct", fields: columns.map(fromColumn) });
}

function fromColumn({ name, type, nullable, comment, metadata }: Column): object {
  return {
    name,
    type: fromType(type),
    nullable,
    metadata: { ...(comment !== undefined && { comment }), ...metadata },
  };
}

function fromType(type: DeltaType): unknown {
  if (typeof type === "string") return type;
  switch (type.type) {
    case "struct":
      return { type: "struct", fields: type.fields.map(fromColumn) };
    case "array":
      return { ...type, elementType: fromType(type.elementType) };
    case "map":
      return { ...type, keyType: fromType(type.keyType), valueType: fromType(type.valueType) };
  }
}
