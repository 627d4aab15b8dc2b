import { TableNotFoundError } from "../../data/delta/errors.ts";
import type { Table } from "../../data/delta/table.ts";
import { DataError } from "../../data/errors.ts";
import type { TableName } from "../../data/lake.ts";
import { unknownTable } from "../../data/sql/unknown-table.ts";
import type { JobContext } from "../define-job.ts";

interface Place {
  readonly after: string;
  readonly failed: readonly string[];
}

interface TablesInput {
  readonly tables?: readonly string[] | undefined;
}

/**
 * Does the same to one table after another, in the order of their names. A table that fails does not stop the rest;
 * the job then fails at the end, and its next attempt goes over all of them again, which finds most with nothing to do.
 */
export async function overTables<Input extends TablesInput>(
  context: JobContext<Input, { after: string; failed: string[] }>,
  stage: string,
  work: (table: Table) => Promise<number>,
): Promise<{ tables: number; changes: number }> {
  const { lake, input, signal } = context;
  const names = [...(input.tables ?? (await lake.tableNames()))].sort();
  const failures: unknown[] = [];
  let place: Place = context.checkpoint ?? { after: "", failed: [] };
  let changes = 0;

  for (const [done, name] of names.entries()) {
    if (name <= place.after) continue;
    signal.throwIfAborted();
    await context.reportProgress({ stage, done, total: names.length, unit: "tables" });
    try {
      changes += await work(lake.table(name as TableName));
      place = { ...place, after: name };
    } catch (caught) {
      signal.throwIfAborted();
      const error = caught instanceof TableNotFoundError ? await unknownTable(lake, name, caught) : caught;
      failures.push(error);
      place = { after: name, failed: [...place.failed, name] };
      context.log.error({ err: error, table: name }, `${stage} failed`);
      await context.note(`${name} failed: ${reasonOf(error)}`);
    }
    await context.saveCheckpoint({ after: place.after, failed: [...place.failed] });
  }
  await context.reportProgress({ stage, done: names.length, total: names.length, unit: "tables" });
  if (place.failed.length > 0) await failTogether(context, stage, place.failed, failures);
  return { tables: names.length, changes };
}

async function failTogether(
  context: JobContext<TablesInput, { after: string; failed: string[] }>,
  stage: string,
  failed: readonly string[],
  failures: readonly unknown[],
) {
  await context.saveCheckpoint({ after: "", failed: [] });
  const known = failed.length === 1 && failures.length === 1;
  const reasons = known ? `: ${reasonOf(failures[0])}` : "; the job's log has the reasons";
  const message = `${stage} failed for ${failed.join(", ")}${reasons}`;
  const hopeless = failures.length === failed.length && failures.every((error) => error instanceof DataError);
  throw hopeless ? new DataError(message) : new AggregateError(failures, message);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
