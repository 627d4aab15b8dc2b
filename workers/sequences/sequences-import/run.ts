import { stageSource } from "../../../data/sequences/import-source.ts";
import { readPart, writePart } from "../../../data/sequences/parts.ts";
import { sourceRecipe } from "../../../data/sequences/recipe.ts";
import { findSources } from "../../../data/sequences/sources/find-sources.ts";
import { icdMapRecipe, importIcdMap } from "../../../data/sequences/sources/icd-map.ts";
import { txnOf } from "../../../data/sequences/steps.ts";
import { currentRecipes, icdMapTable, rawName, sequencesTable } from "../../../data/sequences/tables.ts";
import type { JobContext } from "../../define-job.ts";
import type { Input } from "./job.ts";

export async function run({ input, lake, signal, reportProgress }: JobContext<Input, never>) {
  const { build, table, onBadRow, icdMaps } = input;
  if (icdMaps) {
    const isFresh = (await currentRecipes(lake)).get(icdMapTable) === (await icdMapRecipe(icdMaps));
    return { rows: isFresh ? 0 : await importIcdMap(lake, icdMaps, build), isFresh };
  }
  const file = (await findSources(input.source)).find((found) => found.table.name === table);
  if (!file) return { rows: 0, isFresh: false };
  const name = rawName(file.table);
  const recipe = sourceRecipe(file, onBadRow);
  const partName = `import-${table}`;
  let part = await readPart(lake, build, partName);
  if (!part) {
    if ((await currentRecipes(lake)).get(name) === recipe) return { rows: 0, isFresh: true };
    await reportProgress({ stage: table, done: 0, total: null, unit: "rows" });
    const { staged, step } = await stageSource(lake, { file, onBadRow, signal });
    part = { staged: { [name]: staged }, steps: [step] };
    // The record before the commit: a crash between the two loses neither.
    await writePart(lake, build, partName, part);
  }
  const staged = part.staged[name];
  if (!staged) throw new Error(`The part ${partName} holds no rows of its table`);
  await sequencesTable(lake, name).replaceWithStaged([staged], {
    txn: txnOf(build),
    info: { recipe },
    signal,
  });
  await reportProgress({ stage: table, done: staged.rows, total: staged.rows, unit: "rows" });
  return { rows: staged.rows, isFresh: false };
}
