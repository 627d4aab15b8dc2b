import { createHash } from "node:crypto";
import { z } from "zod";
import { TableNotFoundError } from "../../delta/errors.ts";
import type { Snapshot } from "../../delta/table.ts";
import { NotFoundError } from "../../errors.ts";
import type { Lake, TableName } from "../../lake.ts";
import { type IndexDefinition, indexFolder, vectorsTable } from "../index-definition.ts";

/** Names the recipe of an index's vectors: another table of the same name, or other content, starts from nothing. */
export function recipeOf({ content, model, dimensions }: IndexDefinition, source: Snapshot): string {
  const recipe = JSON.stringify([source.id, content, model, dimensions]);
  return `embedding ${createHash("sha256").update(recipe).digest("hex").slice(0, 16)}`;
}

/**
 * What the last refresh saw. The table of vectors says the same in its log whenever a refresh changed it; this also
 * remembers the refreshes that found nothing to change.
 */
const LastRefresh = z.strictObject({
  recipe: z.string(),
  sourceVersion: z.int(),
  at: z.iso.datetime(),
});
type LastRefresh = z.infer<typeof LastRefresh>;

function lastRefreshKey(index: string): string {
  return `${indexFolder(index)}/last-refresh.json`;
}

async function readLastRefresh(lake: Lake, index: string): Promise<LastRefresh | undefined> {
  try {
    return LastRefresh.parse(JSON.parse((await lake.storage.get(lastRefreshKey(index))).toString()));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

export async function writeLastRefresh(
  lake: Lake,
  index: IndexDefinition,
  { recipe, sourceVersion }: Pick<LastRefresh, "recipe" | "sourceVersion">,
): Promise<void> {
  const last: LastRefresh = { recipe, sourceVersion, at: new Date().toISOString() };
  await lake.storage.put(lastRefreshKey(index.name), JSON.stringify(last));
}

async function findVectors(lake: Lake, index: IndexDefinition): Promise<Snapshot | undefined> {
  try {
    return await lake.table(vectorsTable(index)).snapshot();
  } catch (error) {
    if (error instanceof TableNotFoundError) return undefined;
    throw error;
  }
}

/** The version of the source that the vectors were made from; undefined: they are to be made from nothing. */
export async function embeddedVersion(
  lake: Lake,
  index: IndexDefinition,
  recipe: string,
): Promise<number | undefined> {
  const [vectors, last] = await Promise.all([findVectors(lake, index), readLastRefresh(lake, index.name)]);
  if (!vectors) return undefined;
  const committed = vectors.txns.get(recipe);
  const compared = last?.recipe === recipe ? last.sourceVersion : undefined;
  if (committed === undefined || compared === undefined) return committed ?? compared;
  return Math.max(committed, compared);
}

/** How far the vectors are behind their table. */
export const Staleness = z
  .strictObject({
    sourceVersion: z.int(),
    embeddedVersion: z.int().nullable(),
    /** True when the table has versions that no refresh has looked at. */
    stale: z.boolean(),
    embeddedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: "VectorStaleness" });
export type Staleness = z.infer<typeof Staleness>;

export async function stalenessOf(lake: Lake, index: IndexDefinition): Promise<Staleness> {
  const source = await lake.table(index.table as TableName).snapshot();
  const embedded = await embeddedVersion(lake, index, recipeOf(index, source));
  const last = await readLastRefresh(lake, index.name);
  return {
    sourceVersion: source.version,
    embeddedVersion: embedded ?? null,
    stale: embedded === undefined || embedded < source.version,
    embeddedAt: embedded === undefined ? null : (last?.at ?? null),
  };
}
