import { DataError } from "../../../data/errors.ts";
import { prepareRows } from "../../../data/vectors/generations/prepare.ts";
import { loadBinding } from "../../../data/vectors/hnsw/binding.ts";
import { readIndex } from "../../../data/vectors/indexes.ts";
import { recordTrials, type Trial } from "../../../data/vectors/trials/journal.ts";
import type { JobContext } from "../../define-job.ts";
import { buildTrial, toTrials } from "../trial-build.ts";
import type { Input } from "./job.ts";

export async function run(context: JobContext<Input, never>): Promise<{ trials: Trial[] }> {
  const { lake, input, id } = context;
  const { index, share, efSearch, m, efConstruction, seed } = input;
  if (!(await loadBinding()))
    throw new DataError(
      "hnswlib-node is not installed here, so nothing can be tried: npm install hnswlib-node",
    );
  const definition = await readIndex(lake, index);
  const rows = await prepareRows(lake, definition, { share });
  if (rows.rows === 0)
    throw new DataError(`${index} has no vectors to try a setting on: millrace vectors refresh ${index}`);
  const setting = { m, efConstruction, seed };
  const sweep = efSearch === undefined ? {} : { sweep: [efSearch] };
  const built = await buildTrial(context, rows, { setting, shows: true, ...sweep });
  const told = {
    index,
    trial: id,
    origin: "asked" as const,
    setting,
    share,
    tableVersion: rows.tableVersion,
  };
  const trials = toTrials(built, built.rounds[0] ?? [], told);
  await recordTrials(lake, trials);
  return { trials };
}
