import { identifier } from "../sql/duckdb.ts";
import { duckdbType } from "./schema.ts";
import type { Column, DeltaType } from "./table.ts";

/** SQL that is true where two rows differ in a column. Null equals null and NaN equals NaN, at any depth. */
export function differs({ name, type }: Column, left: string, right: string): string {
  const column = identifier(name);
  return `${comparable(type, `${left}.${column}`)} is distinct from ${comparable(type, `${right}.${column}`)}`;
}

/** DuckDB compares maps entry by entry in their order; a map has none, so its entries are sorted first. */
function comparable(type: DeltaType, sql: string, depth = 0): string {
  if (!holdsMap(type) || typeof type === "string") return sql;
  const item = `v${depth}`;
  switch (type.type) {
    case "struct": {
      const fields = type.fields.map(
        ({ name, type: fieldType }) =>
          `${identifier(name)} := ${comparable(fieldType, `${sql}.${identifier(name)}`, depth + 1)}`,
      );
      return `case when ${sql} is not null then struct_pack(${fields.join(", ")}) end`;
    }
    case "array":
      return `list_transform(${sql}, lambda ${item}: ${comparable(type.elementType, item, depth + 1)})`;
    case "map": {
      const value = comparable(type.valueType, `${item}.value`, depth + 1);
      const entries = `cast(map_entries(${sql}) as struct(key ${duckdbType(type.keyType)}, value ${duckdbType(type.valueType)})[])`;
      return `list_sort(list_transform(${entries}, lambda ${item}: {key: ${item}.key, value: ${value}}))`;
    }
  }
}

function holdsMap(type: DeltaType): boolean {
  if (typeof type === "string") return false;
  switch (type.type) {
    case "struct":
      return type.fields.some((field) => holdsMap(field.type));
    case "array":
      return holdsMap(type.elementType);
    case "map":
      return true;
  }
}
