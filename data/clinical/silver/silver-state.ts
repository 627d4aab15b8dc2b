import { z } from "zod";
import { NotFoundError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import { readSilver, versionsOf } from "./read-silver.ts";
import { silverNames } from "./tables.ts";

const key = "silver/_metadata/refresh_state.json";

const SilverState = z.object({
  versions: z.record(z.string(), z.int()),
  /** What the DICOM headers said. */
  dicom: z.string(),
});

/** Keeps which versions the tables have after a refresh, and what beside the bundles they were made from. */
export async function writeSilverState(lake: Lake, dicom: string): Promise<void> {
  const versions = versionsOf(await readSilver(lake));
  await lake.storage.put(key, `${JSON.stringify({ versions, dicom }, null, 2)}\n`);
}

/** Whether Silver is what the last refresh left: then a bundle that says what it said needs no merge. */
export async function isAsRefreshed(lake: Lake, dicom: string): Promise<boolean> {
  try {
    const kept = SilverState.parse(JSON.parse((await lake.storage.get(key)).toString()));
    const now = versionsOf(await readSilver(lake));
    return kept.dicom === dicom && silverNames.every((name) => kept.versions[name] === now[name]);
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof SyntaxError || error instanceof z.ZodError)
      return false;
    throw error;
  }
}
