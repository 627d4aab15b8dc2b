import { z } from "zod";
import { NotFoundError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import { cohortSizes } from "./bronze-bundle.ts";

export const landingManifestKey = "bronze/_metadata/manifest.json";

export const LandingManifest = z.object({
  source: z.string(),
  ingested_at: z.string(),
  file_count: z.number(),
  total_bytes: z.number(),
  cohorts: z.record(z.string(), z.number()),
});
export type LandingManifest = z.infer<typeof LandingManifest>;

/** Says what Bronze holds. One that would say the same stays as it is, its date included. */
export async function writeLandingManifest(lake: Lake, source: string, now: Date): Promise<LandingManifest> {
  const connection = await (await lake.duckdb()).connect();
  try {
    const sizes = await cohortSizes(connection, lake);
    const manifest: LandingManifest = {
      source,
      ingested_at: now.toISOString(),
      file_count: sizes.reduce((sum, { files }) => sum + files, 0),
      total_bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
      cohorts: Object.fromEntries(sizes.map(({ cohort, files }) => [cohort, files])),
    };
    const before = await readLandingManifest(lake);
    if (
      before &&
      JSON.stringify({ ...before, ingested_at: manifest.ingested_at }) === JSON.stringify(manifest)
    )
      return before;
    await lake.storage.put(landingManifestKey, `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  } finally {
    connection.closeSync();
  }
}

async function readLandingManifest(lake: Lake): Promise<LandingManifest | undefined> {
  try {
    return LandingManifest.parse(JSON.parse((await lake.storage.get(landingManifestKey)).toString()));
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof SyntaxError || error instanceof z.ZodError) {
      return undefined;
    }
    throw error;
  }
}
