import { z } from "zod";
import { NotFoundError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import type { SilverVersions } from "../silver/read-silver.ts";
import { silverNames } from "../silver/tables.ts";

/** What the last build of Gold was made from, by which contract, and the version of Gold that it left. */
export interface BuildState {
  readonly contract: string;
  readonly silver: SilverVersions;
  readonly gold: number;
}

const key = "gold/_metadata/build_state.json";

const BuildState = z.object({
  contract: z.string(),
  silver: z.object(Object.fromEntries(silverNames.map((name) => [name, z.int()]))),
  gold: z.int(),
});

export async function readBuildState(lake: Lake): Promise<BuildState | undefined> {
  try {
    return BuildState.parse(JSON.parse((await lake.storage.get(key)).toString())) as BuildState;
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof SyntaxError || error instanceof z.ZodError)
      return undefined;
    throw error;
  }
}

/**
 * Written after the commit it tells of: a crash between the two leaves the older state, which has the next build
 * look at the same changes once more.
 */
export async function writeBuildState(lake: Lake, state: BuildState): Promise<void> {
  await lake.storage.put(key, `${JSON.stringify(state, null, 2)}\n`);
}
