import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Cell } from "../../../data/sql/formats/cell.ts";
import { QueryError } from "../../../data/sql/query-error.ts";
import type { Query, QueryLimits } from "../../../data/sql/run-query.ts";
import { type Answer, askWalled } from "../../../data/sql/wall/ask.ts";
import { writeFileWhole, writePieces } from "../../../data/sql/write-file.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure, exitCodes, UsageFailure } from "../../failure.ts";
import { printRows, sendPieces } from "../../print-rows.ts";
import { bytes, plural } from "../../quantities.ts";
import { chooseFormat, type Format } from "../../row-format.ts";
import { parseAsOf, positiveNumber } from "../../version-option.ts";

export interface AskOptions {
  readonly file?: string;
  readonly asOf?: string;
  readonly format?: string;
  readonly out?: string;
  readonly maxRows?: string;
  readonly timeout?: string;
  readonly json?: boolean;
}

export async function ask(
  context: CliContext,
  query: string | undefined,
  options: AskOptions,
): Promise<void> {
  const format = chooseFormat(options, context.output);
  const asOf = options.asOf === undefined ? undefined : parseAsOf(options.asOf);
  const sql = await queryText(query, options.file);
  const limits = limitsOf(context, options);

  await using lake = await context.openLake();
  const leaving = new AbortController();
  const leave = () => leaving.abort(new CliFailure("Interrupted.", { exitCode: exitCodes.interrupted }));
  process.once("SIGINT", leave);
  try {
    const asked: Query = { sql, asOf, signal: leaving.signal };
    await using result = await askWalled(lake, asked, limits);
    await hand(context, result, format, options.out);
  } catch (error) {
    throw error instanceof QueryError ? queryFailure(error, sql) : error;
  } finally {
    process.off("SIGINT", leave);
  }
}

async function queryText(query: string | undefined, file: string | undefined): Promise<string> {
  if (query !== undefined && file !== undefined) {
    throw new UsageFailure("The query is given twice.", "give either the query or --file");
  }
  if (query !== undefined) return query;
  if (file === undefined) throw new UsageFailure("There is no query.", 'millrace sql "show tables"');
  if (file === "-") return text(process.stdin);
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CliFailure(`${file} cannot be read.`, { next: "check the path given to --file", cause });
  }
}

function limitsOf(context: CliContext, { maxRows, timeout }: AskOptions): QueryLimits {
  const { duckdb, sql } = context.config();
  return {
    ...duckdb,
    maxRows: maxRows === undefined ? sql.maxRows : positiveNumber(maxRows, "--max-rows"),
    timeoutMs: timeout === undefined ? sql.timeoutMs : positiveNumber(timeout, "--timeout") * 1000,
  };
}

async function hand(
  context: CliContext,
  result: Answer,
  format: Format,
  out: string | undefined,
): Promise<void> {
  const { output } = context;
  if (out !== undefined) {
    const name = format === "table" ? "csv" : format;
    const sizeBytes = await writeFileWhole(out, (draft) => writePieces(draft, result.pieces(name)));
    const document = { out, format: name, rows: result.rowCount, sizeBytes };
    output.result(document, () => `${plural(result.rowCount, "row")} in ${out} (${bytes(sizeBytes)})`);
    return;
  }
  if (format === "table") await printRows(output, result.columns, cellsOf(result), result.rowCount);
  else await sendPieces(output, result.pieces(format));
}

async function* cellsOf(result: Answer): AsyncGenerator<Cell[][]> {
  const decoder = new TextDecoder();
  let begun = "";
  for await (const piece of result.pieces("cells")) {
    const lines = decoder.decode(piece, { stream: true }).split("\n");
    const last = lines.pop() ?? "";
    for (const [index, line] of lines.entries())
      yield JSON.parse(index === 0 ? begun + line : line) as Cell[][];
    begun = lines.length === 0 ? begun + last : last;
  }
}

function queryFailure(error: QueryError, sql: string): CliFailure {
  const { position } = error;
  const line = position && sql.split("\n")[position.line - 1];
  const place = position
    ? `\n  line ${position.line}: ${line}\n  ${" ".repeat(`line ${position.line}: `.length + position.column - 1)}^`
    : "";
  return new CliFailure(`${error.message}${place}`, {
    next: 'millrace help sql; millrace sql "show tables" lists the tables',
    cause: error,
  });
}
