import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import { models } from "./model.ts";
import { recipesOf } from "./recipe.ts";
import { Settings } from "./settings.ts";
import { lastSteps } from "./steps.ts";
import { currentRecipes, FOREIGN, icdMapTable, openTables, tableNames } from "./tables.ts";
import { prepare } from "./workspace.ts";

/** The settings of the last build, after making sure that no table is older than what it is made from. */
export async function builtSettings(lake: Lake): Promise<Settings> {
  const steps = await lastSteps(lake);
  const last = steps.get("tokens_final");
  if (!last) throw new DataError("There is no finished build: run `millrace sequences build --source DIR`");
  const settings = Settings.parse(JSON.parse(last.parameters));
  const current = await currentRecipes(lake);
  const made = new Set(models.map(({ name }) => name));
  const raw = new Map([...current].filter(([name]) => !made.has(name)));
  if (settings.icd !== "icd10") raw.delete(icdMapTable);
  const wanted = recipesOf(raw, settings);
  for (const { name, from } of models) {
    const reason = staleReason({ name, from, recipe: current.get(name), wanted: wanted.get(name) });
    const foreign = from.find((input) => current.get(input) === FOREIGN);
    if (foreign) throw new DataError(`sequences.${foreign} was ${FOREIGN}: ${buildAgain}`);
    if (reason) throw new DataError(`sequences.${name} ${reason}: ${buildAgain}`);
  }
  return settings;
}

const buildAgain = "run `millrace sequences build`";

interface Freshness {
  readonly name: string;
  readonly from: readonly string[];
  readonly recipe: string | undefined;
  readonly wanted: string | undefined;
}

function staleReason({ from, recipe, wanted }: Freshness): string | undefined {
  if (recipe === undefined) return "is missing";
  if (recipe === FOREIGN) return `was ${FOREIGN}`;
  if (recipe !== wanted) return `is older than ${from.map((input) => `sequences.${input}`).join(" or ")}`;
  return undefined;
}

/** Opens all tables of the last build under their own names. */
export async function openBuild(lake: Lake, connection: DuckDBConnection): Promise<Settings> {
  const settings = await builtSettings(lake);
  await prepare(connection, settings);
  await openTables(
    lake,
    connection,
    tableNames.filter((name) => name !== icdMapTable || settings.icd === "icd10"),
  );
  return settings;
}
