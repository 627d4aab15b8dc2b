import type { Snapshot } from "../../delta/table.ts";
import type { Lake } from "../../lake.ts";
import type { SilverName } from "./silver-table.ts";
import { silverTables } from "./tables.ts";

/** The ten tables at one version each. */
export type SilverSnapshots = Readonly<Record<SilverName, Snapshot>>;
export type SilverVersions = Readonly<Record<SilverName, number>>;

/** Creates what is missing, so that every reader finds ten tables. */
export async function ensureSilver(lake: Lake): Promise<void> {
  await Promise.all(
    silverTables.map(({ name, columns, description }) =>
      lake.table(`silver.${name}`).ensure({
        columns,
        description,
        properties: { "delta.enableChangeDataFeed": "true" },
      }),
    ),
  );
}

export async function readSilver(lake: Lake): Promise<SilverSnapshots> {
  const read = silverTables.map(async ({ name }) => [name, await lake.table(`silver.${name}`).snapshot()]);
  return Object.fromEntries(await Promise.all(read));
}

export function versionsOf(snapshots: SilverSnapshots): SilverVersions {
  return Object.fromEntries(
    Object.entries(snapshots).map(([name, snapshot]) => [name, snapshot.version]),
  ) as SilverVersions;
}
