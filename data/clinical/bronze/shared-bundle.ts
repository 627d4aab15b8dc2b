import { z } from "zod";
import type { Column } from "../../delta/table.ts";
import type { Lake } from "../../lake.ts";
import { quote } from "../../sql/duckdb.ts";

/**
 * Bundles that hold a record of one id. Silver shows the last of such records only, so when one of the bundles changes
 * or goes, the others are read with it.
 */
export const sharedName = "bronze.shared_bundle";

const sharedColumns: readonly Column[] = [
  { name: "name", type: "string", nullable: false },
  { name: "other", type: "string", nullable: false, comment: "A bundle that holds a record of the same id" },
];

export const SharedBundles = z.array(z.object({ name: z.string(), other: z.string() }));
export type SharedBundles = z.infer<typeof SharedBundles>;

export async function sharedBundles(lake: Lake): Promise<SharedBundles> {
  const table = lake.table(sharedName);
  if (!(await table.exists())) return [];
  const rows = await (await table.snapshot()).readSql();
  return await (await lake.duckdb()).query(SharedBundles.element, `select name, other from (${rows})`);
}

/** The table is made with its first rows: most lakes have none. */
export async function recordShared(lake: Lake, shared: SharedBundles): Promise<void> {
  if (shared.length === 0) return;
  const table = lake.table(sharedName);
  await table.ensure({
    columns: sharedColumns,
    description: "One row per two bundles that hold a record of one id.",
  });
  const rows = shared.map(({ name, other }) => `(${quote(name)}, ${quote(other)})`);
  await table.merge(
    { sql: `select * from (values ${rows.join(",\n")}) as s(name, other)` },
    { key: ["name", "other"] },
  );
}

/** The bundles that share records with these, and those that share records with them, and so on; these among them. */
export function withSharers(names: Iterable<string>, shared: SharedBundles): Set<string> {
  const sharers = new Map<string, string[]>();
  const add = (name: string, other: string) => {
    const known = sharers.get(name);
    if (known) known.push(other);
    else sharers.set(name, [other]);
  };
  for (const { name, other } of shared) {
    add(name, other);
    add(other, name);
  }
  const found = new Set(names);
  // A Set hands out what is added to it while it is gone through.
  for (const name of found) for (const other of sharers.get(name) ?? []) found.add(other);
  return found;
}
