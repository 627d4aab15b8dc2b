import { z } from "zod";
import { TableNotFoundError } from "../../delta/errors.ts";
import type { Column, Txn } from "../../delta/table.ts";
import type { Lake } from "../../lake.ts";
import { quote } from "../../sql/duckdb.ts";

/** One width of search measured in one build. A table of the lake like any other, so SQL reads it. */
export const Trial = z
  .strictObject({
    index: z.string(),
    /** Names the build; its widths share it. */
    trial: z.string(),
    /** Who wanted to know: a person, or the autotuner. */
    origin: z.enum(["asked", "autotune"]),
    m: z.int(),
    ef_construction: z.int(),
    ef_search: z.int(),
    seed: z.int(),
    /** Which share of the rows was built over. */
    share: z.number(),
    rows: z.int(),
    table_version: z.int(),
    build_seconds: z.number(),
    recall: z.number(),
    p50_ms: z.number(),
    p95_ms: z.number(),
    memory_bytes: z.int(),
    /** What came of it, in words; of trials that were only looked at, null. */
    decision: z.string().nullable(),
    at: z.iso.datetime(),
  })
  .meta({ id: "VectorTrial" });
export type Trial = z.infer<typeof Trial>;

const TRIALS = "vectors.trials";

const types: Readonly<Record<keyof Trial, [Column["type"], string]>> = {
  index: ["string", "varchar"],
  trial: ["string", "varchar"],
  origin: ["string", "varchar"],
  m: ["long", "bigint"],
  ef_construction: ["long", "bigint"],
  ef_search: ["long", "bigint"],
  seed: ["long", "bigint"],
  share: ["double", "double"],
  rows: ["long", "bigint"],
  table_version: ["long", "bigint"],
  build_seconds: ["double", "double"],
  recall: ["double", "double"],
  p50_ms: ["double", "double"],
  p95_ms: ["double", "double"],
  memory_bytes: ["long", "bigint"],
  decision: ["string", "varchar"],
  at: ["string", "varchar"],
};
const names = Object.keys(types) as (keyof Trial)[];

/** Adds trials to the journal; nothing in it is ever changed. */
export async function recordTrials(lake: Lake, trials: readonly Trial[], txn?: Txn): Promise<void> {
  if (trials.length === 0) return;
  const table = lake.table(TRIALS);
  await table.ensure({
    columns: names.map((name) => ({ name, type: types[name][0], nullable: name === "decision" })),
    properties: { "delta.appendOnly": "true" },
    description: "What was tried on the vector indexes, and what came of it",
  });
  const shape = names.map((name) => `"${name}": "${types[name][1].toUpperCase()}"`).join(", ");
  const select = names.map((name) => `t."${name}" as "${name}"`).join(", ");
  await table.append(
    {
      sql: `select ${select} from (select unnest(from_json(${quote(JSON.stringify(trials))}, ${quote(`[{${shape}}]`)})) as t)`,
    },
    txn ? { txn } : {},
  );
}

const Row = Trial.extend({
  m: z.coerce.number(),
  ef_construction: z.coerce.number(),
  ef_search: z.coerce.number(),
  seed: z.coerce.number(),
  rows: z.coerce.number(),
  table_version: z.coerce.number(),
  memory_bytes: z.coerce.number(),
});

/** The journal of an index, the oldest first. */
export async function readTrials(lake: Lake, index: string): Promise<Trial[]> {
  try {
    const snapshot = await lake.table(TRIALS).snapshot();
    const rows = await snapshot.readSql({ columns: names, where: `"index" = ${quote(index)}` });
    return await (await lake.duckdb()).query(Row, `select * from (${rows}) order by "at", trial, ef_search`);
  } catch (error) {
    if (error instanceof TableNotFoundError) return [];
    throw error;
  }
}
