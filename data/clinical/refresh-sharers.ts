import type { Lake } from "../lake.ts";
import { currentBundles } from "./bronze/bronze-bundle.ts";
import { sharedBundles, withSharers } from "./bronze/shared-bundle.ts";
import { type ChunkOutcome, stagedFiles } from "./refresh-chunk.ts";
import { readSharers, type StoredPlan, withChunks, writeSharers } from "./refresh-files.ts";
import { chunked, inTheirPlaces } from "./refresh-plan.ts";
import { findTables } from "./refresh-tables.ts";
import { sharedWithSilver } from "./silver/shared-keys.ts";

/**
 * The plan with the bundles, not read yet, that hold records of those that were read: so that of all records of an id
 * the last one wins, whichever of its bundles changed. Decided once: after the merges it would look otherwise. Where
 * there are none, the tables to merge are decided with it.
 */
export async function planSharers(
  lake: Lake,
  refresh: string,
  plan: StoredPlan,
  outcomes: readonly ChunkOutcome[],
): Promise<StoredPlan> {
  if ((await readSharers(lake, refresh)) || !outcomes.some(({ isStaged }) => isStaged)) return plan;
  const read = outcomes.flatMap(({ fingerprints }) => Object.keys(fingerprints));
  // Mostly nothing is shared, and then both questions are answered in the time of one.
  const [shared, tables] = await Promise.all([
    read.length > 0
      ? sharedWithSilver(lake, read, (table) => stagedFiles(lake, refresh, plan, outcomes, table))
      : [],
    findTables(lake, refresh, plan, outcomes),
  ]);
  const chunks = shared.length > 0 ? await chunksOf(lake, outcomes, shared) : [];
  await writeSharers(lake, refresh, { shared, chunks, ...(chunks.length === 0 && { tables }) });
  return withChunks(plan, chunks);
}

async function chunksOf(
  lake: Lake,
  outcomes: readonly ChunkOutcome[],
  shared: Awaited<ReturnType<typeof sharedBundles>>,
): Promise<StoredPlan["chunks"]> {
  const known = [...(await sharedBundles(lake)), ...shared];
  const sharers = withSharers(
    shared.map(({ other }) => other),
    known,
  );
  for (const { fingerprints, quarantined } of outcomes) {
    for (const name of Object.keys(fingerprints)) sharers.delete(name);
    for (const { name } of quarantined) sharers.delete(name);
  }
  const all = inTheirPlaces(await currentBundles(lake, { withdrawn: true }));
  const bundles = all.filter(({ name, withdrawn_at }) => withdrawn_at === null && sharers.has(name));
  return chunked(bundles).map((chunk) =>
    chunk.map(({ cohort, name, key, sha256, number }) => ({
      cohort,
      name,
      key,
      sha256,
      number,
      wasParsed: true,
    })),
  );
}
