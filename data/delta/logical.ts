import { identifier } from "../sql/duckdb.ts";
import type { Column, DeltaType } from "./table.ts";

/** SQL that gives the nested fields of a value their logical names; `names` tells those that the file has. */
export function logicalSql(
  sql: string,
  type: DeltaType,
  names: (field: Column) => string,
  depth = 0,
): string {
  if (typeof type === "string" || !isRenamed(type, names)) return sql;
  const inner = (part: string, partType: DeltaType) => logicalSql(part, partType, names, depth + 1);
  const item = `x${depth}`;
  switch (type.type) {
    case "struct": {
      const fields = type.fields.map(
        (field) => `${identifier(field.name)} := ${inner(`${sql}.${identifier(names(field))}`, field.type)}`,
      );
      return `case when ${sql} is not null then struct_pack(${fields.join(", ")}) end`;
    }
    case "array":
      return `list_transform(${sql}, lambda ${item}: ${inner(item, type.elementType)})`;
    case "map": {
      const entry = `{key: ${inner(`${item}.key`, type.keyType)}, value: ${inner(`${item}.value`, type.valueType)}}`;
      return `case when ${sql} is not null then map_from_entries(list_transform(map_entries(${sql}), lambda ${item}: ${entry})) end`;
    }
  }
}

function isRenamed(type: DeltaType, names: (field: Column) => string): boolean {
  if (typeof type === "string") return false;
  switch (type.type) {
    case "struct":
      return type.fields.some((field) => names(field) !== field.name || isRenamed(field.type, names));
    case "array":
      return isRenamed(type.elementType, names);
    case "map":
      return isRenamed(type.keyType, names) || isRenamed(type.valueType, names);
  }
}
