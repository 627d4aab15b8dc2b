import type { StagedRows } from "../../../data/delta/table.ts";
import { models } from "../../../data/sequences/model.ts";
import { readPart, writePart } from "../../../data/sequences/parts.ts";
import { runModel } from "../../../data/sequences/run-model.ts";
import type { Step } from "../../../data/sequences/steps.ts";
import { currentRecipes, openTables } from "../../../data/sequences/tables.ts";
import { prepare } from "../../../data/sequences/workspace.ts";
import type { JobContext } from "../../define-job.ts";
import type { Input } from "./job.ts";

/** All that can be made for a range without looking at another: memory holds one range, and a crash costs one. */
export async function run({ input, lake, signal, reportProgress }: JobContext<Input, never>) {
  const { build, settings, recipes, range } = input;
  const part = `range-${range.from}`;
  const current = await currentRecipes(lake);
  const stale = models.filter((model) => model.bySubject && current.get(model.name) !== recipes[model.name]);
  if (stale.length === 0 || (await readPart(lake, build, part))) return { made: 0 };

  const made = new Set(stale.map(({ name }) => name));
  const connection = await (await lake.duckdb()).connect();
  try {
    await prepare(connection, settings);
    const inputs = new Set(stale.flatMap((model) => model.from).filter((name) => !made.has(name)));
    await openTables(lake, connection, inputs, range);
    const staged: Record<string, StagedRows> = {};
    const steps: Step[] = [];
    for (const [index, model] of stale.entries()) {
      signal.throwIfAborted();
      await reportProgress({ stage: model.name, done: index, total: stale.length, unit: "models" });
      const done = await runModel(lake, model, {
        connection,
        recipe: recipes[model.name] ?? "",
        parameters: JSON.stringify(settings),
      });
      staged[model.name] = done.staged;
      steps.push(done.step);
    }
    await writePart(lake, build, part, { staged, steps });
    await reportProgress({ stage: "ranges", done: steps.length, total: stale.length, unit: "models" });
    return { made: steps.length };
  } finally {
    connection.closeSync();
  }
}
