import { NotFoundError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import type { HnswSetting } from "../generation.ts";
import type { IndexDefinition } from "../index-definition.ts";
import { readTrials, type Trial } from "./journal.ts";

/** What a trial was built with, and the width to search it at: the one asked for, or the narrowest that found enough. */
export async function settingOfTrial(
  lake: Lake,
  { name, targetRecall }: IndexDefinition,
  { trial, efSearch }: { readonly trial: string; readonly efSearch?: number | undefined },
): Promise<HnswSetting> {
  const widths = (await readTrials(lake, name)).filter((each) => each.trial === trial);
  if (widths.length === 0)
    throw new NotFoundError(
      `${name} has no trial ${trial.slice(0, 100)}: the table vectors.trials lists them, and so does GET /vectors/${name}/trials.`,
    );
  const chosen = efSearch === undefined ? bestWidth(widths, targetRecall) : widths.find(at(efSearch));
  if (!chosen)
    throw new NotFoundError(
      `That trial was not measured at the width ${efSearch}; it was at ${widths.map(({ ef_search }) => ef_search).join(", ")}.`,
    );
  const { m, ef_construction: efConstruction, ef_search, seed } = chosen;
  return { m, efConstruction, efSearch: ef_search, seed };
}

function at(width: number): (trial: Trial) => boolean {
  return ({ ef_search }) => ef_search === width;
}

function bestWidth(widths: readonly Trial[], target: number): Trial | undefined {
  const narrowest = widths.toSorted((a, b) => a.ef_search - b.ef_search);
  return (
    narrowest.find(({ recall }) => recall >= target) ?? narrowest.toSorted((a, b) => b.recall - a.recall)[0]
  );
}
