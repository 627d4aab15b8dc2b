import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { StagedRows, Table } from "../delta/table.ts";
import { DataError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import { identifier, queryRows } from "../sql/duckdb.ts";
import { measured, memoryLimitBytes } from "./measure.ts";
import { sourceRecipe } from "./recipe.ts";
import { importCsv } from "./sources/import.ts";
import type { SourceFile } from "./sources/source-file.ts";
import { stagedSql } from "./staged.ts";
import type { Step } from "./steps.ts";
import { rawColumns, rawName, sequencesTable } from "./tables.ts";

export interface SourceImport {
  readonly file: SourceFile;
  readonly onBadRow: "fail" | "skip";
  readonly signal: AbortSignal;
}

/** Reads the file's rows into files of its table, which are not yet the table's. */
export async function stageSource(
  lake: Lake,
  { file, onBadRow, signal }: SourceImport,
): Promise<{ staged: StagedRows; step: Step }> {
  const { table: source } = file;
  const table = sequencesTable(lake, rawName(source));
  await table.ensure({
    columns: rawColumns(source),
    description: `As in ${source.name}.csv: ${source.description}`,
  });
  const connection = await (await lake.duckdb()).connect();
  try {
    let staged: StagedRows = { files: [], rows: 0 };
    const { result, took } = await measured(() =>
      importCsv(
        connection,
        file,
        onBadRow,
        async (sql) => {
          staged = await table.stage({ sql: bySubject(sql, file), connection });
        },
        signal,
      ),
    );
    await refuseRepeats(lake, connection, table, file, staged);
    const step: Step = {
      step: rawName(source),
      recipe: sourceRecipe(file, onBadRow),
      rows_in: staged.rows + result.rejects,
      rows_out: staged.rows,
      rejects: result.rejects,
      dropped: {},
      seconds: took.seconds,
      peak_rss_bytes: took.peakRssBytes,
      memory_limit_bytes: await memoryLimitBytes(connection),
      parameters: JSON.stringify({ on_bad_row: onBadRow }),
      source_bytes: file.sizeBytes,
      source_modified_at: file.modifiedAt.toISOString(),
      unknown_columns: [...file.unknown],
      reject_examples: result.examples.slice(0, 20),
    };
    return { staged, step };
  } finally {
    connection.closeSync();
  }
}

/** Files are in any order. In that of the subjects a range of them is a few places of the table and not all of it. */
function bySubject(sql: string, { fields }: SourceFile): string {
  return fields.has("subject_id") ? `select * from (${sql}) order by subject_id` : sql;
}

/** Two rows with one id would be joined to each other's facts, so such a release is refused in every mode. */
async function refuseRepeats(
  lake: Lake,
  connection: DuckDBConnection,
  table: Table,
  { table: { name, unique } }: SourceFile,
  staged: StagedRows,
): Promise<void> {
  if (!unique || staged.files.length === 0) return;
  const column = identifier(unique);
  const [found] = await queryRows(
    connection,
    z.object({ repeats: z.bigint() }),
    `select count(${column}) - count(distinct ${column}) as repeats ${await stagedSql(lake, table, staged)}`,
  );
  if (found?.repeats)
    throw new DataError(
      `${name}: ${found.repeats} rows repeat a ${unique} that another row has: mend the file`,
    );
}
