import type { Lake } from "../../lake.ts";
import { identifier, quote } from "../../sql/duckdb.ts";
import { SharedBundles } from "../bronze/shared-bundle.ts";
import type { SilverName } from "./silver-table.ts";
import { silverTable, silverTables } from "./tables.ts";

type StagedOf = (name: SilverName) => Promise<readonly string[]>;

/** The bundles of which Silver shows a record that bundles read now hold as well. The empty key names no record. */
export async function sharedWithSilver(
  lake: Lake,
  read: readonly string[],
  stagedOf: StagedOf,
): Promise<SharedBundles> {
  const selects = silverTables.map(async ({ name, key }) => {
    const table = lake.table(`silver.${name}`);
    const snapshot = (await table.exists()) ? await table.snapshot() : undefined;
    if (!snapshot || snapshot.fileCount === 0) return [];
    const rows = await snapshot.readSql({ columns: [key, "source_file"] });
    const id = identifier(key);
    return [
      `select distinct s.source_file as name, t.source_file as other
       from (select ${id}, source_file from ${staged(await stagedOf(name))} where ${id} <> '') s
       join (select * from (${rows}) where source_file not in (${read.map(quote).join(", ")})) t using (${id})`,
    ];
  });
  return await union(lake, (await Promise.all(selects)).flat());
}

/** The bundles among those read now that hold records of one id, each beside the first of them. */
export async function sharedAmongStaged(
  lake: Lake,
  tables: readonly SilverName[],
  stagedOf: StagedOf,
): Promise<SharedBundles> {
  const selects = tables.map(async (name) => {
    const id = identifier(silverTable(name).key);
    return `select distinct first as name, source_file as other
      from (select source_file, min(source_file) over (partition by ${id}) as first
        from ${staged(await stagedOf(name))} where ${id} <> '')
      where first <> source_file`;
  });
  return await union(lake, await Promise.all(selects));
}

function staged(paths: readonly string[]): string {
  return `read_parquet([${paths.map(quote).join(", ")}])`;
}

async function union(lake: Lake, selects: readonly string[]): Promise<SharedBundles> {
  if (selects.length === 0) return [];
  return await (await lake.duckdb()).query(SharedBundles.element, selects.join(" union "));
}
