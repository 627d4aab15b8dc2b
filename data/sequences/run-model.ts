import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { StagedRows } from "../delta/table.ts";
import type { Lake } from "../lake.ts";
import { identifier, queryRows } from "../sql/duckdb.ts";
import { measured, memoryLimitBytes } from "./measure.ts";
import type { Model } from "./model.ts";
import { openStaged } from "./staged.ts";
import type { Step } from "./steps.ts";
import { ensureModelTable } from "./tables.ts";
import { countDrops } from "./workspace.ts";

export interface ModelRun {
  readonly connection: DuckDBConnection;
  readonly recipe: string;
  readonly parameters: string;
}

/**
 * Makes a model's rows from what stands on the connection, as files for its table, and names the files there as the
 * models do: what is made from them reads them where they lie, so memory holds no table.
 */
export async function runModel(
  lake: Lake,
  model: Model,
  { connection, recipe, parameters }: ModelRun,
): Promise<{ staged: StagedRows; step: Step }> {
  const { result, took } = await measured(async () => {
    const table = await ensureModelTable(lake, connection, model);
    const staged = await table.stage({ sql: model.sql, connection });
    await openStaged(lake, connection, { table, name: model.name, staged });
    return { staged, dropped: await countDrops(connection, model) };
  });
  const step: Step = {
    step: model.name,
    recipe,
    rows_in: await countRows(connection, model.from),
    rows_out: result.staged.rows,
    rejects: 0,
    dropped: result.dropped,
    seconds: took.seconds,
    peak_rss_bytes: took.peakRssBytes,
    memory_limit_bytes: await memoryLimitBytes(connection),
    parameters,
    source_bytes: null,
    source_modified_at: null,
    unknown_columns: [],
    reject_examples: [],
  };
  return { staged: result.staged, step };
}

async function countRows(connection: DuckDBConnection, relations: readonly string[]): Promise<number> {
  const counts = relations.map((name) => `(select count(*) from ${identifier(name)})`);
  const [counted] = await queryRows(
    connection,
    z.object({ rows: z.bigint() }),
    `select ${counts.join(" + ")} as rows`,
  );
  return Number(counted?.rows ?? 0n);
}

/** The steps of one model over several ranges, as one. */
export function addSteps(steps: readonly Step[]): Step[] {
  const byName = new Map<string, Step>();
  for (const step of steps) {
    const sum = byName.get(step.step);
    byName.set(step.step, sum ? plus(sum, step) : step);
  }
  return [...byName.values()];
}

function plus(a: Step, b: Step): Step {
  const dropped = { ...a.dropped };
  for (const [reason, rows] of Object.entries(b.dropped)) dropped[reason] = (dropped[reason] ?? 0) + rows;
  return {
    ...a,
    rows_in: a.rows_in + b.rows_in,
    rows_out: a.rows_out + b.rows_out,
    dropped,
    seconds: a.seconds + b.seconds,
    peak_rss_bytes: Math.max(a.peak_rss_bytes, b.peak_rss_bytes),
  };
}
