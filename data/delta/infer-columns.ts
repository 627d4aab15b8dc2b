import {
  type DuckDBConnection,
  DuckDBDecimalType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from "@duckdb/node-api";
import { DataError } from "../errors.ts";
import { asDataError, subquery } from "./source-columns.ts";
import type { Column, DeltaType, PrimitiveType } from "./table.ts";

const primitives: Partial<Record<DuckDBTypeId, PrimitiveType>> = {
  [DuckDBTypeId.BOOLEAN]: "boolean",
  [DuckDBTypeId.TINYINT]: "byte",
  [DuckDBTypeId.SMALLINT]: "short",
  [DuckDBTypeId.INTEGER]: "integer",
  [DuckDBTypeId.BIGINT]: "long",
  // Delta knows no unsigned numbers: each goes into the next wider one.
  [DuckDBTypeId.UTINYINT]: "short",
  [DuckDBTypeId.USMALLINT]: "integer",
  [DuckDBTypeId.UINTEGER]: "long",
  [DuckDBTypeId.FLOAT]: "float",
  [DuckDBTypeId.DOUBLE]: "double",
  [DuckDBTypeId.VARCHAR]: "string",
  [DuckDBTypeId.UUID]: "string",
  [DuckDBTypeId.ENUM]: "string",
  [DuckDBTypeId.BLOB]: "binary",
  [DuckDBTypeId.DATE]: "date",
  [DuckDBTypeId.TIMESTAMP]: "timestamp_ntz",
  [DuckDBTypeId.TIMESTAMP_S]: "timestamp_ntz",
  [DuckDBTypeId.TIMESTAMP_MS]: "timestamp_ntz",
  [DuckDBTypeId.TIMESTAMP_NS]: "timestamp_ntz",
  [DuckDBTypeId.TIMESTAMP_TZ]: "timestamp",
  [DuckDBTypeId.HUGEINT]: "decimal(38,0)",
  [DuckDBTypeId.UBIGINT]: "decimal(20,0)",
};

/** The columns a table needs to hold the rows of a SELECT. */
export async function inferColumns(connection: DuckDBConnection, sql: string): Promise<Column[]> {
  const reader = await asDataError(connection.runAndReadAll(`select * from ${subquery(sql)} limit 0`));
  const types = reader.columnTypes();
  return reader.columnNames().map((name, index) => {
    const type = types[index];
    return { name, type: type ? toDelta(name, type) : "string", nullable: true };
  });
}

function toDelta(name: string, type: DuckDBType): DeltaType {
  if (type instanceof DuckDBDecimalType) return `decimal(${type.width},${type.scale})`;
  if (type instanceof DuckDBListType)
    return { type: "array", elementType: toDelta(name, type.valueType), containsNull: true };
  if (type.typeId === DuckDBTypeId.ARRAY && "valueType" in type)
    return { type: "array", elementType: toDelta(name, type.valueType), containsNull: true };
  if (type instanceof DuckDBMapType)
    return {
      type: "map",
      keyType: toDelta(name, type.keyType),
      valueType: toDelta(name, type.valueType),
      valueContainsNull: true,
    };
  if (type instanceof DuckDBStructType)
    return {
      type: "struct",
      fields: type.entryNames.map((entry, index) => {
        const entryType = type.entryTypes[index];
        return { name: entry, type: entryType ? toDelta(entry, entryType) : "string", nullable: true };
      }),
    };
  const primitive = primitives[type.typeId];
  if (!primitive) throw new DataError(`The column ${name} is a ${type}, which no table holds; cast it.`);
  return primitive;
}
