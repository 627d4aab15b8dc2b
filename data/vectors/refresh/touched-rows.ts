import { LogGapError, VersionNotFoundError } from "../../delta/errors.ts";
import type { Table } from "../../delta/table.ts";
import type { TableName } from "../../lake.ts";
import { identifier } from "../../sql/duckdb.ts";
import type { IndexDefinition } from "../index-definition.ts";
import type { Workbench } from "./workbench.ts";

/** The versions of the source that a refresh looks at. */
export interface Scope {
  /** The version that was embedded last; undefined: all rows are looked at. */
  readonly from: number | undefined;
  readonly to: number;
}

/**
 * Keeps the rows that may need other vectors in the temporary table `touched`: id, content, and whether the row is
 * there or was deleted. Answers whether they are all rows of the table, because no version was embedded yet or the
 * log no longer tells the changes since.
 */
export async function keepTouched(
  bench: Workbench,
  index: IndexDefinition,
  { from, to }: Scope,
): Promise<{ whole: boolean }> {
  const table = bench.lake.table(index.table as TableName);
  const changes = from === undefined ? undefined : await changesSince(table, from, to);
  const sql = changes === undefined ? await wholeSql(table, index, to) : newestSql(index, changes);
  await bench.keep("touched", sql);
  return { whole: changes === undefined };
}

async function changesSince(table: Table, from: number, to: number): Promise<string | undefined> {
  try {
    return await table.changesSql({ from: from + 1, to });
  } catch (error) {
    if (error instanceof VersionNotFoundError || error instanceof LogGapError) return undefined;
    throw error;
  }
}

async function wholeSql(table: Table, index: IndexDefinition, version: number): Promise<string> {
  const snapshot = await table.snapshot({ version });
  const columns = [...new Set([index.idColumn, index.content.column])];
  return `select ${idSql(index)} as id, ${contentSql(index)} as content, true as present
    from (${await snapshot.readSql({ columns })}) where ${identifier(index.idColumn)} is not null`;
}

/** Of each row that changed, what it was changed to last; within one commit what is written stands after what goes. */
function newestSql(index: IndexDefinition, changes: string): string {
  return `with feed as (
      select ${idSql(index)} as id, ${contentSql(index)} as content,
        _change_type in ('insert', 'update_postimage') as present,
        2 * _commit_version + cast(_change_type in ('insert', 'update_postimage') as integer) as moment
      from (${changes}) where ${identifier(index.idColumn)} is not null)
    select id, content, present from feed
    qualify moment = max(moment) over (partition by id)
      and (present or row_number() over (partition by id order by moment desc) = 1)`;
}

function idSql({ idColumn }: IndexDefinition): string {
  return `cast(${identifier(idColumn)} as varchar)`;
}

function contentSql({ content }: IndexDefinition): string {
  return content.kind === "text"
    ? identifier(content.column)
    : `cast(${identifier(content.column)} as float[])`;
}
