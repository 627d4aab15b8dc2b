import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection, DuckDBResult, DuckDBType } from "@duckdb/node-api";
import { z } from "zod";
import type { VersionAt } from "../delta/table.ts";
import type { TableName } from "../lake.ts";
import { type DuckDBLimits, identifier, queryRows, quote } from "./duckdb.ts";
import { encoders, type PieceFormat } from "./formats/encoders.ts";
import { QueryLimitError, queryError, tooLong } from "./query-error.ts";
import type { QueryTables } from "./query-tables.ts";
import { MAX_ROW_BYTES, rowsInPiece, widestRow } from "./row-width.ts";
import { openSandbox, type Sandbox } from "./sandbox.ts";
import { readStatement, type Statement } from "./statement.ts";
import type { RowStream } from "./stream-rows.ts";
import { defineViews } from "./views.ts";

export interface QueryLimits extends DuckDBLimits {
  readonly timeoutMs: number;
  readonly maxRows: number;
}

export interface Query {
  readonly sql: string;
  /** The snapshot of every table that does not name its own; default the current ones. */
  readonly asOf?: VersionAt | undefined;
  /** Ends the query, waiting, running or being read. */
  readonly signal?: AbortSignal | undefined;
}

export interface QueryColumn {
  readonly name: string;
  readonly type: DuckDBType;
}

/** A query that has succeeded: its rows wait to be fetched. */
export interface QueryResult extends RowStream, AsyncDisposable {
  readonly rowCount: number;
  /** The rows as a Parquet file, which is deleted with the result. */
  parquet(): Promise<{ readonly path: string; readonly sizeBytes: number }>;
}

/**
 * Runs one reading statement of a stranger over the tables that it names, within its limits, on a locked engine of
 * its own. The rows are complete before this answers: what is read from the result later can no longer fail. What the
 * engine does outside its own limits holds this process; `wall/ask.ts` runs this in another.
 */
export async function runQuery(tables: QueryTables, query: Query, limits: QueryLimits): Promise<QueryResult> {
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const signal = query.signal ? AbortSignal.any([query.signal, timeout]) : timeout;
  let close = async () => {};
  try {
    signal.throwIfAborted();
    const sandbox = await openSandbox(limits);
    close = async () => sandbox[Symbol.asyncDispose]();
    const rows = await interruptible(sandbox.connection, signal, () =>
      execute(tables, query, limits, sandbox),
    );
    return await resultOf(rows, sandbox, query.signal, close);
  } catch (error) {
    await close();
    query.signal?.throwIfAborted();
    if (!timeout.aborted) throw error;
    throw tooLong(limits.timeoutMs, error);
  }
}

/** Runs `work`; from an abort on the engine is interrupted until `work` ends. */
async function interruptible<Result>(
  connection: DuckDBConnection,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  let again: NodeJS.Timeout | undefined;
  // An interrupt that comes just before a statement starts is forgotten by the engine.
  const interrupt = () => {
    connection.interrupt();
    again ??= setInterval(() => connection.interrupt(), 20);
  };
  signal.addEventListener("abort", interrupt, { once: true });
  if (signal.aborted) interrupt();
  try {
    const result = await work();
    signal.throwIfAborted();
    return result;
  } finally {
    signal.removeEventListener("abort", interrupt);
    clearInterval(again);
  }
}

/** The rows that the engine hands out at a time. */
const CHUNK_ROWS = 2048;

/** Where the rows are: in a table of the engine's or, of an EXPLAIN, in the reply that it gave. */
interface Rows {
  readonly rowCount: number;
  readonly explained?: DuckDBResult;
  /** Wide rows are fetched so many at a time. */
  readonly atOnce?: number | undefined;
}

async function execute(
  tables: QueryTables,
  query: Query,
  limits: QueryLimits,
  sandbox: Sandbox,
): Promise<Rows> {
  const { connection } = sandbox;
  const statement = await readStatement(connection, query.sql);
  const files = await defineViews(connection, tables, statement.tables, query.asOf);
  await sandbox.lock(files);

  if (statement.kind === "explain") return explain(connection, statement);
  if (statement.kind === "list-tables") return listTables(connection, await tables.names());
  return collect(connection, statement, limits.maxRows);
}

/**
 * A streamed result that fails half-way ends as if it were complete, so rows are collected in the engine, which
 * spills what exceeds its memory, and a failure is known before the first row is sent.
 */
async function collect(connection: DuckDBConnection, { text }: Statement, maxRows: number): Promise<Rows> {
  const before = "create temp table result as from (\n";
  try {
    await connection.run(`${before}${text}\n) limit ${maxRows + 1}`);
  } catch (error) {
    throw queryError(error, text, Buffer.byteLength(before));
  }
  const rowCount = await countRows(connection);
  if (rowCount <= maxRows) return { rowCount, atOnce: await piecesOf(connection, text) };
  throw new QueryLimitError("rows", `The query has more than ${maxRows} rows: add a LIMIT, or aggregate.`);
}

async function piecesOf(connection: DuckDBConnection, text: string): Promise<number | undefined> {
  const widest = await widestRow(connection, columnsOf(await emptyResult(connection))).catch((error) => {
    throw queryError(error, text);
  });
  if (widest <= MAX_ROW_BYTES) return rowsInPiece(widest, CHUNK_ROWS);
  throw new QueryLimitError(
    "memory",
    `A row of the result has ${Math.ceil(widest / 1024 ** 2)} MiB, and ${MAX_ROW_BYTES / 1024 ** 2} is the most: select a part of its values.`,
  );
}

const emptyResult = (connection: DuckDBConnection) => connection.stream("from temp.result limit 0");

function columnsOf(result: DuckDBResult): QueryColumn[] {
  const names = result.columnNames();
  return result.columnTypes().map((type, index) => ({ name: names[index] ?? "", type }));
}

async function explain(connection: DuckDBConnection, { text }: Statement): Promise<Rows> {
  try {
    const explained = await connection.run(text);
    return { explained, rowCount: explained.rowCount };
  } catch (error) {
    throw queryError(error, text);
  }
}

async function listTables(connection: DuckDBConnection, names: readonly TableName[]): Promise<Rows> {
  await connection.run("create temp table result (schema varchar, name varchar)");
  const rows = names.map((name) => `(${name.split(".").map(quote).join(", ")})`);
  if (rows.length > 0) await connection.run(`insert into result values ${rows.join(", ")}`);
  return { rowCount: rows.length };
}

async function countRows(connection: DuckDBConnection): Promise<number> {
  const [row] = await queryRows(
    connection,
    z.object({ rows: z.coerce.number() }),
    "select count(*) as rows from temp.result",
  );
  return row?.rows ?? 0;
}

async function resultOf(
  { rowCount, explained, atOnce }: Rows,
  { connection, folder }: Sandbox,
  signal: AbortSignal | undefined,
  close: () => Promise<void>,
): Promise<QueryResult> {
  const columns = columnsOf(explained ?? (await emptyResult(connection)));

  // Closing the engine under a call that still runs in it ends the process, so closing waits for it.
  let running: Promise<unknown> | undefined;
  let closed = false;
  const call = <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (closed) throw new Error("The result is closed.");
    const called = work();
    running = called.catch(() => undefined);
    return called;
  };

  return {
    columns,
    rowCount,
    async *chunks() {
      let seen = 0;
      for (const piece of piecesSql(rowCount, atOnce)) {
        const result = explained ?? (await call(() => connection.stream(piece)));
        const next = () => call(() => result.fetchChunk());
        for (let chunk = await next(); chunk?.rowCount; chunk = await next()) {
          signal?.throwIfAborted();
          seen += chunk.rowCount;
          yield chunk;
        }
      }
      if (seen !== rowCount)
        throw new Error(`The result has ${rowCount} rows, and ${seen} of them were read.`);
    },
    async parquet() {
      const path = join(folder, "result.parquet");
      const source = explained
        ? explainedSql(explained)
        : `select ${storableColumns(columns)} from temp.result`;
      const copy = `copy (${await source}) to ${quote(path)} (format parquet)`;
      await call(() => connection.run(copy)).catch((error: unknown) => {
        throw queryError(error, "");
      });
      return { path, sizeBytes: (await stat(path)).size };
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await running;
      await close();
    },
  };
}

function* piecesSql(rowCount: number, atOnce?: number): Generator<string> {
  if (atOnce === undefined) yield "from temp.result";
  else {
    for (let row = 0; row < rowCount; row += atOnce) {
      yield `from temp.result where rowid >= ${row} and rowid < ${row + atOnce}`;
    }
  }
}

/** Parquet has no 128-bit integer, and the engine would write one as a rounded double. */
function storableColumns(columns: readonly QueryColumn[]): string {
  return columns
    .map(({ name, type }) => {
      const column = identifier(name);
      return String(type) === "HUGEINT" ? `${column}::decimal(38, 0) as ${column}` : column;
    })
    .join(", ");
}

async function explainedSql(explained: DuckDBResult): Promise<string> {
  const rows = await explained.getRows();
  const values = rows.map((row) => `(${row.map((value) => quote(String(value))).join(", ")})`);
  return `select * from (values ${values.join(", ")}) t(${explained.columnNames().map(identifier).join(", ")})`;
}

/** A result in one of the formats, piece by piece. */
export async function* encodeResult(
  result: QueryResult,
  format: PieceFormat,
): AsyncGenerator<string | Uint8Array> {
  if (format === "parquet") yield* createReadStream((await result.parquet()).path);
  else yield* encoders[format](result);
}
