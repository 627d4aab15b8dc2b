import { z } from "zod";
import type { Column, Txn } from "../delta/table.ts";
import type { Lake } from "../lake.ts";
import { quote } from "../sql/duckdb.ts";
import { sequencesTable, TXN_APP, tableNames } from "./tables.ts";

/** What a step did, kept so that a build can be explained long after it ran. */
export const Step = z.strictObject({
  step: z.string(),
  recipe: z.string(),
  rows_in: z.number(),
  rows_out: z.number(),
  rejects: z.number(),
  dropped: z.record(z.string(), z.number()),
  seconds: z.number(),
  peak_rss_bytes: z.number(),
  /** What DuckDB was allowed while the step ran. */
  memory_limit_bytes: z.number().nullable().default(null),
  parameters: z.string(),
  source_bytes: z.number().nullable(),
  source_modified_at: z.string().nullable(),
  unknown_columns: z.array(z.string()),
  reject_examples: z.array(z.strictObject({ line: z.number(), reason: z.string() })),
});
export type Step = z.infer<typeof Step>;

/** One run of the pipeline; later ones have greater numbers, by which the tables tell what they already hold. */
export interface Build {
  readonly id: string;
  readonly number: number;
}

export function txnOf(build: Build): Txn {
  return { appId: TXN_APP, version: build.number };
}

const columns: Column[] = [
  { name: "build", type: "string", nullable: true },
  { name: "step", type: "string", nullable: true },
  { name: "recipe", type: "string", nullable: true },
  { name: "finished_at", type: "timestamp", nullable: true },
  /** The whole record as JSON, as `Step` says. */
  { name: "record", type: "string", nullable: true },
];

/** Appends what the steps of a build did; doing it again for the same build adds nothing. */
export async function recordSteps(lake: Lake, build: Build, steps: readonly Step[]): Promise<void> {
  if (steps.length === 0) return;
  const table = sequencesTable(lake, "steps");
  await table.ensure({ columns, description: "What each step of each build did" });
  const rows = steps.map(
    (step) =>
      `(${quote(build.id)}, ${quote(step.step)}, ${quote(step.recipe)}, now(), ${quote(JSON.stringify(step))})`,
  );
  await table.append(
    { sql: `select * from (values ${rows.join(", ")}) t(build, step, recipe, finished_at, record)` },
    { txn: txnOf(build) },
  );
}

/** When the last step that a build did ended. */
export async function lastFinished(lake: Lake): Promise<Date | undefined> {
  const table = sequencesTable(lake, "steps");
  if (!(await table.exists())) return undefined;
  const [found] = await (await lake.duckdb()).query(
    z.object({ at: z.date().nullable() }),
    `select epoch_ms(epoch_ms(max(finished_at))) as at from (${await (await table.snapshot()).readSql()})`,
  );
  return found?.at ?? undefined;
}

/** The last record of each step, in the order of the steps. */
export async function lastSteps(lake: Lake): Promise<Map<string, Step>> {
  const table = sequencesTable(lake, "steps");
  if (!(await table.exists())) return new Map();
  const duckdb = await lake.duckdb();
  const rows = await duckdb.query(
    z.object({ record: z.string() }),
    `select arg_max(record, finished_at) as record from (${await (await table.snapshot()).readSql()}) group by step`,
  );
  const steps = new Map(
    rows.map(({ record }) => Step.parse(JSON.parse(record))).map((step) => [step.step, step]),
  );
  return new Map(tableNames.flatMap((name) => steps.get(name) ?? []).map((step) => [step.step, step]));
}
