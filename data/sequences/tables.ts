import type { DuckDBConnection } from "@duckdb/node-api";
import { inferColumns } from "../delta/infer-columns.ts";
import type { Column, DeltaType, Table } from "../delta/table.ts";
import { DataError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import { identifier } from "../sql/duckdb.ts";
import { inRangeSql, type SubjectRange } from "./exports/shards.ts";
import { type Model, models } from "./model.ts";
import type { Recipes } from "./recipe.ts";
import { type FieldKind, type SourceTable, sourceTables } from "./sources/tables.ts";
import { standInFor } from "./workspace.ts";

const deltaTypes: Record<FieldKind, DeltaType> = {
  id: "integer",
  integer: "integer",
  text: "string",
  timestamp: "timestamp_ntz",
  date: "date",
  double: "double",
};

/** Under this name the tables remember which build they hold. */
export const TXN_APP = "sequences";

export function sequencesTable(lake: Lake, name: string): Table {
  return lake.table(`sequences.${name}`);
}

export function rawName(source: SourceTable): string {
  return `raw_${source.name}`;
}

/** The columns of a source's table, the same for every release: what a file lacks is null. */
export function rawColumns(source: SourceTable): Column[] {
  return Object.entries({ ...source.columns, ...source.extra }).map(([name, kind]) => ({
    name,
    type: deltaTypes[kind],
    nullable: true,
  }));
}

/** The one ICD-10 code of each ICD-9 code; made when a build maps them. */
export const icdMapTable = "icd10_of_icd9";

/** Everything that a build keeps, sources first, each after what it is made from. */
export const tableNames: readonly string[] = [
  ...sourceTables.map(rawName),
  icdMapTable,
  ...models.map(({ name }) => name),
];

/** The recipe each table was last made by; tables that are not there are left out. */
export async function currentRecipes(lake: Lake): Promise<Recipes> {
  const entries = await Promise.all(
    tableNames.map(async (name) => [name, await recipeOfTable(sequencesTable(lake, name))] as const),
  );
  return new Map(entries.flatMap(([name, recipe]) => (recipe ? [[name, recipe] as const] : [])));
}

/** A number greater than that of every build before, also after the clock was set back. */
export async function nextBuildNumber(lake: Lake): Promise<number> {
  const last = await Promise.all(
    [...tableNames, "steps"].map(async (name) => {
      const table = sequencesTable(lake, name);
      return (await table.exists()) ? ((await table.snapshot()).txns.get(TXN_APP) ?? 0) : 0;
    }),
  );
  return Math.max(Date.now(), 1 + Math.max(...last));
}

const LOOK_BACK = 20;

/** In place of a recipe: what a table holds did not come from a build. */
export const FOREIGN = "written by something else than a build";

async function recipeOfTable(table: Table): Promise<string | undefined> {
  if (!(await table.exists())) return undefined;
  for (const { operation, metrics } of await table.history(LOOK_BACK)) {
    if (metrics.recipe) return metrics.recipe;
    // Gathering files changes no row; anything else means that somebody else wrote here.
    if (operation === "CREATE TABLE") return undefined;
    if (operation !== "OPTIMIZE") return FOREIGN;
  }
  return undefined;
}

/**
 * Names the tables on the connection as the models do, whole or for a range of subjects. Empty tables stand for
 * sources that a release does not have.
 */
export async function openTables(
  lake: Lake,
  connection: DuckDBConnection,
  names: Iterable<string>,
  range?: Pick<SubjectRange, "from" | "to">,
): Promise<void> {
  for (const name of names) {
    const table = sequencesTable(lake, name);
    // Without a map the empty one of `prepare` serves.
    if (name === icdMapTable) {
      if (!(await table.exists())) continue;
      await connection.run(`drop table if exists ${icdMapTable}`);
    }
    if (!(await table.exists())) {
      const source = sourceTables.find((each) => rawName(each) === name && !each.required);
      if (!source) throw new DataError(`sequences.${name} is missing: run \`millrace sequences build\``);
      await standInFor(connection, source);
      continue;
    }
    const snapshot = await table.snapshot();
    const bySubject = range && snapshot.columns.some((column) => column.name === "subject_id");
    const sql = await snapshot.readSql(bySubject ? { where: inRangeSql(range) } : {});
    await connection.run(`create or replace temp view ${identifier(name)} as ${sql}`);
  }
}

/** Makes sure that a model's table is there, with the columns of its SQL over what stands on the connection. */
export async function ensureModelTable(
  lake: Lake,
  connection: DuckDBConnection,
  { name, sql, description }: Model,
): Promise<Table> {
  const table = sequencesTable(lake, name);
  await table.ensure({ columns: await inferColumns(connection, sql), description });
  return table;
}
