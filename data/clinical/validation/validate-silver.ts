import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Column, Snapshot } from "../../delta/table.ts";
import type { Lake } from "../../lake.ts";
import { identifier, queryRows } from "../../sql/duckdb.ts";
import { ensureSilver, readSilver } from "../silver/read-silver.ts";
import type { SilverName } from "../silver/silver-table.ts";
import { silverNames } from "../silver/tables.ts";
import {
  type Counts,
  contractChecks,
  countingSql,
  failedChecks,
  furtherChecks,
  literal,
  noSuddenDrop,
  type Outcome,
} from "./checks.ts";
import { rules } from "./rules.ts";

export const ingestLogName = "silver.ingest_log";

/** The first five as the contract has them; the rest says how the rows came to be. */
export const ingestLogColumns: readonly Column[] = [
  { name: "table", type: "string", nullable: true, comment: "Silver table that was checked" },
  { name: "row_count", type: "long", nullable: true },
  { name: "passed", type: "boolean", nullable: true, comment: "No rule of the contract and no error failed" },
  {
    name: "failed_checks",
    type: "string",
    nullable: true,
    comment: "Comma-separated; empty when all passed",
  },
  { name: "ingest_timestamp", type: "timestamp", nullable: true },
  { name: "run_id", type: "string", nullable: true },
  { name: "duration_ms", type: "long", nullable: true },
  { name: "rows_inserted", type: "long", nullable: true },
  { name: "rows_updated", type: "long", nullable: true },
  { name: "rows_deleted", type: "long", nullable: true },
  { name: "quarantined", type: "long", nullable: true, comment: "Bundles of the run that could not be read" },
  { name: "code_version", type: "string", nullable: true },
];

/** What a refresh did to a table, for the log. */
export interface TableRun {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly durationMs: number;
}

export interface ValidationRun {
  readonly runId: string;
  readonly instant: Date;
  readonly codeVersion: string;
  /** Bundles in Bronze. Below a hundred the minimum rows shrink in proportion, so that a small set can pass. */
  readonly bundles?: number;
  readonly quarantined?: number;
  readonly tables?: Partial<Readonly<Record<SilverName, TableRun>>>;
  readonly signal?: AbortSignal;
}

export interface TableValidation {
  readonly table: SilverName;
  readonly rowCount: number;
  readonly passed: boolean;
  readonly outcomes: readonly Outcome[];
}

/** Holds every Silver table against its rules, one pass a table, and logs ten rows, once a run. */
export async function validateSilver(lake: Lake, run: ValidationRun): Promise<TableValidation[]> {
  await ensureSilver(lake);
  const duckdb = await lake.duckdb();
  const connection = await duckdb.connect();
  try {
    const snapshots = await readSilver(lake);
    const sizeBytes = Object.values(snapshots).reduce((sum, snapshot) => sum + snapshot.sizeBytes, 0);
    await using _single = await duckdb.singleThread(sizeBytes);
    for (const name of silverNames) {
      await connection.run(
        `create or replace temp view ${identifier(name)} as ${await snapshots[name].readSql()}`,
      );
    }
    const before = await lastCounts(lake, connection, run.runId);
    const validations: TableValidation[] = [];
    for (const name of silverNames) {
      run.signal?.throwIfAborted();
      validations.push(await validateTable(connection, name, snapshots[name], run, before.get(name)));
    }
    await log(lake, validations, run);
    return validations;
  } finally {
    connection.closeSync();
  }
}

/** How many rows a table must have when there are this many bundles. */
export function scaledMinimum(minRows: number, bundles: number | undefined): number {
  return bundles === undefined || bundles >= 100 ? minRows : Math.floor((minRows * 0.9 * bundles) / 100);
}

async function validateTable(
  connection: DuckDBConnection,
  name: SilverName,
  snapshot: Snapshot,
  { bundles }: ValidationRun,
  before: number | undefined,
): Promise<TableValidation> {
  const columns = new Set(snapshot.columns.map((column) => column.name));
  const checks = [
    ...contractChecks(rules[name], scaledMinimum(rules[name].minRows, bundles), columns),
    ...furtherChecks(rules[name], identifier),
    noSuddenDrop(before),
  ];
  const [counts] = await queryRows<Counts>(
    connection,
    z.record(z.string(), z.coerce.number()),
    countingSql(checks, identifier(name)),
  );
  if (!counts) throw new Error(`Counting silver.${name} gave no row.`);
  const outcomes = checks.flatMap((check) => check.judge(counts) ?? []);
  const passed = outcomes.every((one) => one.passed || one.severity === "warning");
  return { table: name, rowCount: counts.rows ?? 0, passed, outcomes };
}

async function lastCounts(
  lake: Lake,
  connection: DuckDBConnection,
  runId: string,
): Promise<Map<string, number>> {
  const table = lake.table(ingestLogName);
  await table.ensure({
    columns: ingestLogColumns,
    description: "One row a Silver table and refresh: what was checked and what came of it.",
    properties: { "delta.enableChangeDataFeed": "true" },
  });
  const rows = await queryRows(
    connection,
    z.object({ table: z.string(), rows: z.coerce.number() }),
    `select "table", arg_max(row_count, ingest_timestamp) as rows
     from (${await (await table.snapshot()).readSql()}) where run_id <> ${literal(runId)} group by 1`,
  );
  return new Map(rows.map((row) => [row.table, row.rows]));
}

async function log(lake: Lake, validations: readonly TableValidation[], run: ValidationRun): Promise<void> {
  const rows = validations.map(({ table, rowCount, passed, outcomes }) => {
    const done = run.tables?.[table];
    const values = [
      table,
      rowCount,
      passed,
      failedChecks(outcomes),
      run.instant.toISOString(),
      run.runId,
      done?.durationMs ?? null,
      done?.inserted ?? null,
      done?.updated ?? null,
      done?.deleted ?? null,
      run.quarantined ?? null,
      run.codeVersion,
    ];
    return `(${values.map(literal).join(", ")})`;
  });
  const names = ingestLogColumns.map((column) => identifier(column.name)).join(", ");
  await lake.table(ingestLogName).append(
    { sql: `select * from (values ${rows.join(", ")}) as log(${names})` },
    // One run is logged once, however often its validation runs.
    { txn: { appId: `validate:${run.runId}`, version: 1 } },
  );
}
