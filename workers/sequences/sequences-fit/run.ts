import type { StagedRows } from "../../../data/delta/table.ts";
import type { Lake } from "../../../data/lake.ts";
import { models } from "../../../data/sequences/model.ts";
import { type Part, readPart, writePart } from "../../../data/sequences/parts.ts";
import { runModel } from "../../../data/sequences/run-model.ts";
import { type Step, txnOf } from "../../../data/sequences/steps.ts";
import { currentRecipes, openTables, sequencesTable } from "../../../data/sequences/tables.ts";
import { prepare } from "../../../data/sequences/workspace.ts";
import type { JobContext } from "../../define-job.ts";
import type { Input } from "./job.ts";

/** The models that need all subjects at once; their tables are small. */
export async function run(context: JobContext<Input, never>) {
  const { input, lake, signal } = context;
  const { build, recipes } = input;
  let part = await readPart(lake, build, "fit");
  if (!part) {
    part = await stageFit(context);
    // The record before the commits: a crash between them loses neither.
    await writePart(lake, build, "fit", part);
  }
  for (const [name, staged] of Object.entries(part.staged)) {
    const recipe = recipes[name] ?? "";
    const info = { recipe };
    await sequencesTable(lake, name).replaceWithStaged([staged], { txn: txnOf(build), info, signal });
  }
  return { made: part.steps.length };
}

async function stageFit({ input, lake, signal, reportProgress }: JobContext<Input, never>): Promise<Part> {
  const stale = await staleModels(lake, input.recipes);
  const names = new Set(stale.map(({ name }) => name));
  const staged: Record<string, StagedRows> = {};
  const steps: Step[] = [];
  const connection = await (await lake.duckdb()).connect();
  try {
    await prepare(connection, input.settings);
    const inputs = stale.flatMap((model) => model.from).filter((name) => !names.has(name));
    await openTables(lake, connection, new Set(inputs));
    for (const model of stale) {
      signal.throwIfAborted();
      await reportProgress({ stage: model.name, done: steps.length, total: stale.length, unit: "models" });
      const made = await runModel(lake, model, {
        connection,
        recipe: input.recipes[model.name] ?? "",
        parameters: JSON.stringify(input.settings),
      });
      staged[model.name] = made.staged;
      steps.push(made.step);
    }
    await reportProgress({ stage: "fit", done: steps.length, total: stale.length, unit: "models" });
    return { staged, steps };
  } finally {
    connection.closeSync();
  }
}

async function staleModels(lake: Lake, recipes: Readonly<Record<string, string>>) {
  const current = await currentRecipes(lake);
  return models.filter(({ name, bySubject }) => !bySubject && current.get(name) !== recipes[name]);
}
