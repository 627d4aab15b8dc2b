import { NotFoundError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import { quote } from "../../sql/duckdb.ts";
import { Plan } from "./plan.ts";
import type { Workbench } from "./workbench.ts";

/** A refresh whose parts are jobs leaves its plan and their vectors in the lake until it commits. */
export interface StagedRefresh {
  readonly index: string;
  readonly number: number;
}

/** The tables of a plan that outlive the connection they were made on. */
const planTables = ["wanted", "gone", "known", "missing"] as const;

function folderOf(index: string): string {
  return `_staged/embedding/${index}`;
}

function keyOf({ index, number }: StagedRefresh, name: string): string {
  return `${folderOf(index)}/${number}/${name}`;
}

/** Writes a SELECT as Parquet under a key, whole or not at all. */
async function stage(bench: Workbench, sql: string, key: string): Promise<void> {
  const draft = await bench.lake.storage.draft(key);
  try {
    await bench.run(`copy (${sql}) to ${quote(draft.path)} (format parquet)`);
    await draft.publish();
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

/** The plan is there when its record is, which is written last. */
export async function stagePlan(bench: Workbench, refresh: StagedRefresh, plan: Plan): Promise<void> {
  for (const table of planTables)
    await stage(bench, `select * from ${table}`, keyOf(refresh, `${table}.parquet`));
  await bench.lake.storage.put(keyOf(refresh, "plan.json"), JSON.stringify(plan));
}

export async function findPlan(lake: Lake, refresh: StagedRefresh): Promise<Plan | undefined> {
  try {
    return Plan.parse(JSON.parse((await lake.storage.get(keyOf(refresh, "plan.json"))).toString()));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Puts a staged plan on a workbench, with the vectors that its parts made since. */
export async function openPlan(bench: Workbench, refresh: StagedRefresh): Promise<void> {
  const { storage } = bench.lake;
  for (const table of planTables) {
    const path = await storage.localPath(keyOf(refresh, `${table}.parquet`));
    await bench.run(`create or replace temp view ${table} as select * from read_parquet(${quote(path)})`);
  }
  const paths: string[] = [];
  for await (const { key } of storage.list(keyOf(refresh, "parts/")))
    paths.push(await storage.localPath(key));
  if (paths.length === 0) return;
  await bench.run(
    `create or replace temp view made as select * from read_parquet([${paths.map(quote).join(", ")}])`,
  );
}

/** The numbered contents that the parts of a refresh embed, on this machine. */
export function missingPath(lake: Lake, refresh: StagedRefresh): Promise<string> {
  return lake.storage.localPath(keyOf(refresh, "missing.parquet"));
}

export interface PartRange {
  readonly first: number;
  readonly last: number;
}

export function partKey(refresh: StagedRefresh, { first, last }: PartRange): string {
  return keyOf(refresh, `parts/${first}-${last}.parquet`);
}

/** Stages the vectors of a range; what is staged is never made again. */
export function stagePart(
  bench: Workbench,
  refresh: StagedRefresh,
  range: PartRange,
  sql: string,
): Promise<void> {
  return stage(bench, sql, partKey(refresh, range));
}

/** Removes what this and earlier refreshes of the index left. */
export async function removeStaged(lake: Lake, index: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of lake.storage.list(`${folderOf(index)}/`)) keys.push(key);
  for (const key of keys) await lake.storage.delete(key);
}
