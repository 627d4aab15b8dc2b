import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Column } from "../../delta/table.ts";
import type { Lake } from "../../lake.ts";
import { queryRows, quote } from "../../sql/duckdb.ts";

/**
 * What lies in Bronze: one row a version of a bundle. Bronze only grows, so a bundle whose content changed has
 * its new version beside the old, and this table says which is current.
 */
export const inventoryName = "bronze.bundle";

export const inventoryColumns: readonly Column[] = [
  { name: "cohort", type: "string", nullable: false },
  { name: "name", type: "string", nullable: false, comment: "Base name at the source, in Unicode form C" },
  { name: "version", type: "integer", nullable: false, comment: "1 for the first, counted by name" },
  { name: "key", type: "string", nullable: false, comment: "Where the bytes lie in the lake" },
  { name: "sha256", type: "string", nullable: false },
  { name: "size_bytes", type: "long", nullable: false },
  { name: "source_modified_at", type: "timestamp", nullable: true },
  { name: "landed_at", type: "timestamp", nullable: false },
  { name: "withdrawn_at", type: "timestamp", nullable: true, comment: "Since when its rows are to be gone" },
];

const BronzeBundle = z.object({
  cohort: z.string(),
  name: z.string(),
  version: z.int(),
  key: z.string(),
  sha256: z.string(),
  size_bytes: z.coerce.number(),
  source_modified_at: z.date().nullable(),
  landed_at: z.date(),
  withdrawn_at: z.date().nullable(),
});
export type BronzeBundle = z.infer<typeof BronzeBundle>;

export async function ensureInventory(lake: Lake): Promise<void> {
  await lake.table(inventoryName).ensure({
    columns: inventoryColumns,
    description: "One row per version of a bundle in Bronze.",
  });
}

/** The current version of each bundle, by cohort and name as bytes; of some cohorts only, if named. */
export async function currentBundles(
  lake: Lake,
  options: { readonly cohorts?: readonly string[]; readonly withdrawn?: boolean } = {},
): Promise<BronzeBundle[]> {
  await ensureInventory(lake);
  const rows = await (await lake.table(inventoryName).snapshot()).readSql();
  const where = [
    ...(options.cohorts ? [`cohort in (${options.cohorts.map(quote).join(", ") || "null"})`] : []),
    ...(options.withdrawn ? [] : ["withdrawn_at is null"]),
  ];
  return await (await lake.duckdb()).query(
    BronzeBundle,
    `select * replace (
        epoch_ms(epoch_ms(source_modified_at)) as source_modified_at,
        epoch_ms(epoch_ms(landed_at)) as landed_at,
        epoch_ms(epoch_ms(withdrawn_at)) as withdrawn_at)
     from (from (${rows}) qualify row_number() over (partition by cohort, name order by version desc) = 1)
     ${where.length > 0 ? `where ${where.join(" and ")}` : ""}
     order by cohort, name`,
  );
}

/** Adds or replaces rows of the inventory. They are few and hold no clinical data, so they come as values. */
export async function recordBundles(lake: Lake, bundles: readonly BronzeBundle[]): Promise<void> {
  if (bundles.length === 0) return;
  const time = (at: Date | null) => (at ? `${quote(at.toISOString())}::timestamptz` : "null::timestamptz");
  const rows = bundles.map(
    (b) =>
      `(${quote(b.cohort)}, ${quote(b.name)}, ${b.version}, ${quote(b.key)}, ${quote(b.sha256)}, ${b.size_bytes},
        ${time(b.source_modified_at)}, ${time(b.landed_at)}, ${time(b.withdrawn_at)})`,
  );
  const names = inventoryColumns.map((column) => column.name).join(", ");
  await lake
    .table(inventoryName)
    .merge(
      { sql: `select * from (values ${rows.join(",\n")}) as b(${names})` },
      { key: ["cohort", "name", "version"] },
    );
}

/** How many bundles and bytes each cohort has, counted anew. */
export async function cohortSizes(
  connection: DuckDBConnection,
  lake: Lake,
): Promise<{ cohort: string; files: number; bytes: number }[]> {
  const rows = await (await lake.table(inventoryName).snapshot()).readSql();
  return await queryRows(
    connection,
    z.object({ cohort: z.string(), files: z.coerce.number(), bytes: z.coerce.number() }),
    `select cohort, count(*) as files, sum(size_bytes) as bytes
     from (from (${rows}) qualify row_number() over (partition by cohort, name order by version desc) = 1)
     where withdrawn_at is null group by cohort order by cohort`,
  );
}
