import { TableNotFoundError } from "../../../data/delta/errors.ts";
import type { Table } from "../../../data/delta/table.ts";
import { NotFoundError } from "../../../data/errors.ts";
import type { TableName } from "../../../data/lake.ts";
import { openTableAt } from "../../../data/open-lake.ts";
import { type DuckDB, openDuckDB } from "../../../data/sql/duckdb.ts";
import { fileFault } from "../../../data/sql/file-fault.ts";
import { unknownTable } from "../../../data/sql/unknown-table.ts";
import { openStorage } from "../../../data/storage/open-storage.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure } from "../../failure.ts";

export interface Target {
  readonly table: Table;
  readonly duckdb: () => Promise<DuckDB>;
}

const tableName = /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;
/** What is as likely a table's name in the wrong case as a folder. */
const looksLikeName = /^[a-z]\w*\.[a-z]\w*$/i;

/** Opens the table that a command names for `work`: one of the lake by its name, or any Delta table by its place. */
export async function withTable<Result>(
  context: CliContext,
  text: string,
  work: (target: Target) => Promise<Result>,
): Promise<Result> {
  try {
    return await (tableName.test(text)
      ? inLake(context, text as TableName, work)
      : atPath(context, text, work));
  } catch (error) {
    const fault = error instanceof Error ? fileFault(error.message) : undefined;
    if (fault !== undefined) {
      throw new CliFailure(fault, {
        next: `restore the file from a copy, or go back to a version without it: millrace table history ${text}, millrace table restore ${text} --version N`,
        cause: error,
      });
    }
    if (!(error instanceof NotFoundError)) throw error;
    throw new CliFailure(error.message, {
      next: looksLikeName.test(text)
        ? "millrace table ls lists the tables; millrace table history NAME their versions"
        : "give the folder that holds the table's _delta_log, or a name such as silver.patient",
      cause: error,
    });
  }
}

async function inLake<Result>(
  context: CliContext,
  name: TableName,
  work: (target: Target) => Promise<Result>,
) {
  await using lake = await context.openLake();
  try {
    return await work({ table: lake.table(name), duckdb: () => lake.duckdb() });
  } catch (error) {
    throw error instanceof TableNotFoundError ? await unknownTable(lake, name, error) : error;
  }
}

async function atPath<Result>(context: CliContext, path: string, work: (target: Target) => Promise<Result>) {
  const config = context.config();
  await using storage = openStorage(path, config);
  let opened: Promise<DuckDB> | undefined;
  const duckdb = () => (opened ??= openDuckDB(config.duckdb));
  try {
    return await work({ table: openTableAt(storage, duckdb), duckdb });
  } catch (error) {
    if (!(error instanceof TableNotFoundError && looksLikeName.test(path))) throw error;
    await using lake = await context.openLake();
    throw await unknownTable(lake, path, error);
  } finally {
    (await opened)?.[Symbol.dispose]();
  }
}
