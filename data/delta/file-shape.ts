import { z } from "zod";
import { fieldId, physicalName } from "./column-mapping.ts";
import { pathList } from "./file-list.ts";
import type { ScanFile } from "./scan.ts";
import type { Column } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";

/** Files in which a column has the same name. */
export interface AlikeFiles {
  readonly files: readonly ScanFile[];
  readonly names: (field: Column) => string;
}

/**
 * Groups files by the names their columns have. Names are the table's physical ones, but in a table mapped by id a
 * file may use any: there the ids in its footer decide, and files without ids fall back to the names.
 */
export async function byShape(snapshot: TableSnapshot, files: readonly ScanFile[]): Promise<AlikeFiles[]> {
  const { mapping, openDuckDB } = snapshot;
  const physical = (field: Column) => physicalName(field, mapping);
  if (mapping !== "id" || files.length === 0) return [{ files, names: physical }];

  const duckdb = await openDuckDB();
  const rows = await duckdb.query(
    Fields,
    `select file_name as file, to_json(map(list(field_id), list(name)))::varchar as names
     from parquet_schema(${pathList(files.map(({ path }) => path))}) where field_id is not null group by all`,
  );
  const namesOf = new Map(rows.map(({ file, names }) => [file, names]));
  const groups = new Map<string, { files: ScanFile[]; names: (field: Column) => string }>();
  for (const file of files) {
    const names = namesOf.get(file.path) ?? "{}";
    const group = groups.get(names) ?? { files: [], names: byId(JSON.parse(names), physical) };
    group.files.push(file);
    groups.set(names, group);
  }
  return [...groups.values()];
}

const Fields = z.object({ file: z.string(), names: z.string() });

function byId(names: Readonly<Record<string, string>>, physical: (field: Column) => string) {
  const hasIds = Object.keys(names).length > 0;
  return (field: Column) => {
    const id = fieldId(field);
    if (!hasIds || id === undefined) return physical(field);
    // A name that no file has: a column whose id is missing is null, even where another has its name.
    return names[id] ?? `\u{1}${id}`;
  };
}
