import type { Lake } from "../lake.ts";
import { type ChunkOutcome, stagedFiles } from "./refresh-chunk.ts";
import { folder, readJson, readSharers, type StoredPlan, Tables } from "./refresh-files.ts";
import { changedTables } from "./silver/changed-tables.ts";
import type { SilverName } from "./silver/silver-table.ts";
import { silverNames } from "./silver/tables.ts";

const tablesKey = (refresh: string) => `${folder(refresh)}/tables.json`;

/** To look at single rows pays for so many bundles; of more, most tables change. */
const FEW_BUNDLES = 20;

/** The tables that a refresh has to merge, decided once: afterwards they would all seem to be done. */
export async function tablesToMerge(
  lake: Lake,
  refresh: string,
  plan: StoredPlan,
  outcomes: readonly ChunkOutcome[],
): Promise<readonly SilverName[]> {
  const decided =
    (await readSharers(lake, refresh))?.tables ?? (await readJson(lake, tablesKey(refresh), Tables));
  if (decided) return decided;
  const tables = await findTables(lake, refresh, plan, outcomes);
  await lake.storage.put(tablesKey(refresh), JSON.stringify(tables));
  return tables;
}

/** The tables in which the bundles that were read may have other rows than Silver shows. */
export async function findTables(
  lake: Lake,
  refresh: string,
  plan: StoredPlan,
  outcomes: readonly ChunkOutcome[],
): Promise<readonly SilverName[]> {
  const names = new Set(outcomes.flatMap(({ fingerprints }) => Object.keys(fingerprints)));
  const read = plan.chunks.flat().filter(({ name }) => names.has(name));
  const isSmall = read.length <= FEW_BUNDLES && read.every(({ wasParsed }) => wasParsed);
  if (plan.withdrawn.length > 0) return silverNames;
  if (read.length === 0) return [];
  if (!isSmall) return silverNames;
  return changedTables(lake, [...names], (table) => stagedFiles(lake, refresh, plan, outcomes, table));
}
